"""A `Sealer` over one key in memory, for tests of what keeps sealed values: AES-256-GCM, bound to its purpose."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mno.platform.errors import Unavailable

_NONCE_BYTES = 12


class KeySealer:
    """A `Sealer` over one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, purpose: str, plain: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, purpose.encode())

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """`Unavailable` when it was sealed under another key or for another purpose, or was changed."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], purpose.encode())
        except (InvalidTag, ValueError):
            raise Unavailable(
                "A sealed value cannot be opened: the data folder's key is not the one of then."
            ) from None
