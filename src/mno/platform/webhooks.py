"""Signed webhooks, as the Standard Webhooks specification says, so that receivers can use its libraries.

The signature is HMAC-SHA256 over id, time and body; a delivery keeps its id when it is sent again, so a receiver
that gets it twice can tell. Source: https://www.standardwebhooks.com.
"""

import base64
import binascii
import hashlib
import hmac
import re
from urllib.parse import urlsplit

from mno.platform import clock
from mno.platform.errors import Invalid

#: A webhook's address.
MAX_WEBHOOK_ADDRESS_CHARACTERS = 2_000
#: Bytes of a signing secret, as the specification wants them.
_SECRET_BYTES = range(24, 65)
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


def secret_text(secret: bytes) -> str:
    """A signing secret as Standard Webhooks libraries take it."""
    return f"whsec_{base64.b64encode(secret).decode()}"


def secret_of(text: str) -> bytes:
    """The bytes of such a text; `Invalid` for another."""
    try:
        secret = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not text.startswith("whsec_") or len(secret) not in _SECRET_BYTES:
        raise Invalid("A webhook's signing secret is whsec_ and 24 to 64 bytes in base64.")
    return secret


def signature(secret: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()}"


def signed_headers(secret: bytes, message_id: str, body: bytes) -> dict[str, str]:
    """The headers of a JSON body that is sent now."""
    timestamp = int(clock.now().timestamp())
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, message_id, timestamp, body),
    }


def checked_address(address: str) -> str:
    """A webhook's address as it may be kept; `Invalid` says what is wrong with it."""
    try:
        parts = urlsplit(address)
        known = parts.scheme in ("https", "http") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        known = False
    if _CONTROL.search(address) or len(address) > MAX_WEBHOOK_ADDRESS_CHARACTERS:
        known = False
    if not known or "@" in parts.netloc or parts.fragment:
        raise Invalid("A webhook's address must be https://… without a name, a password or a fragment in it.")
    return address
