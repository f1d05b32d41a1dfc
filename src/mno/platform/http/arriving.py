"""The body of a request for an application of its own beside the routes, counted as it comes."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from mno.platform.errors import LimitExceeded, TooLarge, Unauthenticated

#: How long a client may take to send its request, in seconds, and so many bytes are expected of it in each second more.
BODY_TIMEOUT_S = 120.0
LEAST_BODY_BYTES_PER_S = 50_000

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


async def received(receive: Receive, limit: int) -> bytes:
    """The whole body; `TooLarge` for more than `limit` bytes, `LimitExceeded` for one that comes too slowly."""
    pieces: list[bytes] = []
    size, more = 0, True
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S) as deadline:
            latest = deadline.when() or 0.0
            while more and size <= limit:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Unauthenticated("The client left before its request was complete.")
                pieces.append(message.get("body", b""))
                size, more = size + len(pieces[-1]), message.get("more_body", False)
                if more:
                    deadline.reschedule(latest + size / LEAST_BODY_BYTES_PER_S)
    except TimeoutError:
        raise LimitExceeded(
            f"The request did not come within {BODY_TIMEOUT_S:g} seconds and a second for each"
            f" {LEAST_BODY_BYTES_PER_S} bytes."
        ) from None
    if size > limit:
        raise TooLarge(f"A request may have {limit} bytes.")
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
