"""What a tool says that a call of it has cost.

The protocol has no member for it; servers that state a cost do so in `_meta` of the result, in one of these ways:
`cost_usd` or `costUsd`, `gen_ai.usage.cost` (the attribute of OpenTelemetry's instrumentations), `cost` with
`amount` and `currency`, or `usage` with `cost`.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import Object

#: The largest cost of one call that is believed, in USD.
MAX_STATED_COST_USD = 1_000_000

_PLAIN = ("cost_usd", "costUsd", "gen_ai.usage.cost")


def stated_cost(result: Object) -> str | None:
    """In USD as text with nine decimal places; None where nothing is stated that can be believed."""
    raw = result.get("_meta")
    if raw is None or b"cost" not in bytes(raw):
        return None
    try:
        meta = message.value_of(raw)
    except ValueError:
        return None
    amount = _amount(meta) if isinstance(meta, Mapping) else None
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 <= amount <= MAX_STATED_COST_USD:
        return None
    return f"{Decimal(str(amount)):.9f}"


def _amount(meta: Mapping[str, Any]) -> Any:
    found = next((meta[name] for name in _PLAIN if name in meta), None)
    if found is not None:
        return found
    cost, usage = meta.get("cost"), meta.get("usage")
    if isinstance(cost, Mapping) and str(cost.get("currency", "")).upper() == "USD":
        return cost.get("amount")
    return usage.get("cost") if isinstance(usage, Mapping) else None
