"""How the interpreter is set for a program that makes little garbage in circles and has a busy event loop."""

import gc
import sys

#: How long one thread may go on when another wants to, in seconds. The event loop waits for it at each turn while spans
#: are sorted into blocks; at the interpreter's own 5 ms a gateway's slowest hundredth took a fifth longer.
SWITCH_S = 0.0005


def collect_seldom() -> None:
    """Looks for garbage in circles after 50,000 more objects instead of 700: spans are untracked structs, and what an
    import makes stays, so there is little to find.
    """
    gc.set_threshold(50_000, 20, 100)


def settle() -> None:
    """Sets aside what lives as long as the program: a search through it would take longer than what it finds."""
    gc.collect()
    gc.freeze()
    collect_seldom()
    sys.setswitchinterval(SWITCH_S)
