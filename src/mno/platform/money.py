"""Money is exact: integers of a nano-dollar in the hot path, `Decimal` in USD elsewhere, never float.

One nano-dollar is the ninth decimal place, which is how spans store a cost: `Decimal(18, 9)`.
Rounding is half to even, once per amount.
"""

from decimal import ROUND_HALF_EVEN, Decimal

NANO = 1_000_000_000
NINE_PLACES = Decimal("0.000000001")
#: The largest cost that one span may carry, in nano-dollars: Decimal(18, 9) holds just under 10^9 USD.
MAX_SPAN_COST_NANO = 10**18 - 1


def usd(nano: int) -> Decimal:
    """Nano-dollars as a Decimal with nine places."""
    return Decimal(nano).scaleb(-9)


def nano(amount: Decimal) -> int:
    """A Decimal amount in USD as nano-dollars, half to even."""
    return int(amount.quantize(NINE_PLACES, rounding=ROUND_HALF_EVEN).scaleb(9))


def shown(amount: Decimal) -> str:
    """How an amount stands in JSON: plain digits, nine places, no exponent."""
    return f"{amount:.9f}"
