"""A secret value in memory: it hides from everything that turns values into text.

Logs, tracebacks, f-strings, JSON, pickles and debug pages all ask an object for its text; this one says nothing
until somebody calls `reveal`, which is what a reviewer searches for.
"""

import hmac
from typing import Any, NoReturn

HIDDEN = "Secret(…)"


class Secret:
    """Compares in constant time, has no hash, and can be neither copied nor pickled."""

    __slots__ = ("_value",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the one place that hands it over."""
        return self._value

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __format__(self, _: str) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __reduce_ex__(self, _: Any) -> NoReturn:
        raise TypeError("A secret is neither copied nor pickled.")
