"""Secrets that we hand out: random, recognisable, shown once, stored as SHA-256 only.

A secret here carries more than 200 random bits, so a plain hash is enough: there is nothing to guess.
Passwords, which people choose, will need a slow hash; there are none in this program.
"""

import hashlib
import re
import secrets
import string

KEY_PREFIX = "mno_"
#: Of tokens that a program gets with a person's consent: to ask with, and to get the next one with.
ACCESS_PREFIX = "mnot_"
REFRESH_PREFIX = "mnor_"
#: How much of a key is stored and shown, so that its owner recognises it.
VISIBLE_CHARACTERS = 12
_ALPHABET = string.ascii_letters + string.digits
_KEY_SHAPE = re.compile(r"mno_[A-Za-z0-9_-]{24,200}")


def new_key() -> str:
    """An API key: `mno_` and 40 letters and digits (238 random bits)."""
    return new_secret(KEY_PREFIX)


def new_secret(prefix: str) -> str:
    """The prefix and 40 letters and digits (238 random bits)."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(40))


def new_token() -> str:
    """A secret for a link or a cookie: 43 characters that need no escaping (256 random bits)."""
    return secrets.token_urlsafe(32)


def looks_like_key(text: str) -> bool:
    """Whether the text could be an API key at all: `mno_` and 24 to 200 letters, digits, `-` or `_`."""
    return _KEY_SHAPE.fullmatch(text) is not None


def fingerprint(secret: str) -> bytes:
    """The SHA-256 by which a secret is found again."""
    return hashlib.sha256(secret.encode()).digest()


def visible_part(key: str) -> str:
    """The start of a key that may be shown; never more than half of a short key's random part."""
    return key[:VISIBLE_CHARACTERS]
