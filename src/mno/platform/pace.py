"""A minute's worth that fills evenly: whoever has rested may spend all of it at once, and whoever is refused hears
after how many seconds it fits.
"""

from dataclasses import dataclass

MINUTE_S = 60.0


@dataclass(slots=True)
class Bucket:
    """What is left of a minute's worth, at a moment of the clock; below zero after more was used than reserved."""

    left: float
    at: float

    def wait_s(self, wanted: int, per_minute: int, now: float) -> float:
        """Seconds until so much fits; 0 when it does. More than a minute's worth counts as a minute's worth."""
        self.left = min(per_minute, self.left + (now - self.at) * per_minute / MINUTE_S)
        self.at = now
        missing = min(wanted, per_minute) - self.left
        return max(0.0, missing * MINUTE_S / per_minute)
