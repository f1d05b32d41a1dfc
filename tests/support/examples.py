"""How many examples property tests try: a few each time, many in `make fuzz`."""

import os

from hypothesis import HealthCheck, settings

#: What `make fuzz` multiplies by; one where nobody asks for more.
TIMES = int(os.environ.get("MNO_FUZZ_TIMES", "1"))
USUAL = 60
#: For a property over something that runs, which is made once for all its examples.
ONE_FIXTURE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


def examples(usual: int, most: int = 20_000) -> int:
    """`usual` of them each time, more in `make fuzz`, where `most` is for those that cost an engine's time."""
    return min(usual * TIMES, most)


def choose_examples() -> None:
    """For the tests that say nothing. How fast the machine is decides about none of them.

    Each run tries the same examples, so that what fails is what was changed; `make fuzz` looks for others.
    """
    settings.register_profile(
        "mno",
        max_examples=examples(USUAL),
        deadline=None,
        derandomize=TIMES == 1,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("mno")
