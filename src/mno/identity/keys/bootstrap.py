"""The operator's own key, which the environment gives: whether it fits is known before anything is loaded or opened."""

from mno.platform import crypto
from mno.platform.errors import Invalid


def check_bootstrap_key(key: str) -> None:
    """`Invalid`, with one that fits, for a bootstrap key that does not look like a key."""
    if not crypto.looks_like_key(key):
        raise Invalid(
            "MNO_BOOTSTRAP_API_KEY must be 'mno_' and at least 24 letters, digits, '-' or '_'. "
            f"One that fits: {crypto.new_key()}"
        )
