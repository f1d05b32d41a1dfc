"""Authenticated encryption of one value: AES-256-GCM with a random nonce, bound to the place where it lies.

The associated data names the row (team, id, version), so a ciphertext that somebody copies to another row, or
back from an older version, does not open. Layout: one byte of format, 12 bytes of nonce, ciphertext with its tag
of 16 bytes. Source: NIST SP 800-38D; random nonces are sound for 2^32 values of one key, and a key is rotated
long before.
"""

import os

from mno.platform.errors import Unavailable

FORMAT = 1
KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16


def new_data_key() -> bytes:
    return os.urandom(KEY_BYTES)


def place(*parts: object) -> bytes:
    """The associated data for a place: every part with its length, so that no two places read the same."""
    texts = [str(part).encode() for part in parts]
    return b"".join(len(text).to_bytes(4, "big") + text for text in texts)


def sealed(key: bytes, plain: bytes, where: bytes) -> bytes:
    """The plain bytes encrypted for this place."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE_BYTES)
    return bytes([FORMAT]) + nonce + AESGCM(key).encrypt(nonce, plain, where)


def opened(key: bytes, ciphertext: bytes, where: bytes) -> bytes:
    """The plain bytes; `Unavailable` when the ciphertext was changed, moved, or made with another key."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(ciphertext) < 1 + _NONCE_BYTES + _TAG_BYTES or ciphertext[0] != FORMAT:
        raise Unavailable("A stored value is damaged: it is not in the form that this program writes.")
    nonce, rest = ciphertext[1 : 1 + _NONCE_BYTES], ciphertext[1 + _NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, rest, where)
    except InvalidTag:
        raise Unavailable(
            "A stored value does not open: it was changed or moved in the database, or its key is another one."
        ) from None
