"""Where a reader of a list stands, as one opaque word: the sort key and id of the last item of the page before."""

import base64
import binascii
from uuid import UUID

from mno.platform.errors import Invalid

_DAMAGED = "The cursor is damaged. Start again from the first page."


def encoded(key: str, last: UUID) -> str:
    return base64.urlsafe_b64encode(last.bytes + key.encode()).decode().rstrip("=")


def decoded(cursor: str | None) -> tuple[str, UUID] | None:
    """`Invalid` for a cursor that is none of ours; None for the first page."""
    if not cursor:
        return None
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = packed[16:].decode()
        last = UUID(bytes=packed[:16])
    except (binascii.Error, ValueError):
        raise Invalid(_DAMAGED) from None
    if "\x00" in key:
        raise Invalid(_DAMAGED)
    return key, last
