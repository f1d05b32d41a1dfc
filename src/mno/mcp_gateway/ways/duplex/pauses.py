"""How long a program that died rests before it is started again: longer each time, unless it lived a while. Pure."""

from dataclasses import dataclass

#: The rest after the first death, in seconds; it doubles with each.
FIRST_REST_S = 1.0
#: The longest rest, in seconds.
MAX_REST_S = 60.0
#: A program that lived this long died by accident: counting begins anew. In seconds.
LIVED_S = 60.0


@dataclass(slots=True)
class Pauses:
    """Of one program; times are seconds of a clock that never goes back."""

    _deaths: int = 0
    _rests_until: float = 0.0

    def died(self, started: float, now: float) -> None:
        self._deaths = 1 if now - started >= LIVED_S else self._deaths + 1
        # the exponent is bounded, so that the power is
        self._rests_until = now + min(MAX_REST_S, FIRST_REST_S * 2.0 ** min(self._deaths - 1, 20))

    def left_s(self, now: float) -> float:
        return max(0.0, self._rests_until - now)
