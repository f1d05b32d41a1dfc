"""The facts that budgets publish, for alerts and whoever else wants to know."""

#: A counter reached a threshold of its budget, once a period. The subject is the budget (`bud_…`); the data: `name`,
#: `project` (`prj_…` or null), `per` and `who`, `unit`, `limit`, `spent` (text: USD, tokens or calls), `threshold`
#: (percent), `period_start`, `resets_at` (RFC 3339), `hard`.
THRESHOLD_REACHED = "budgets.threshold_reached"
#: A call was refused, once a period for each counter; the same data, with `threshold` null.
CALL_REFUSED = "budgets.call_refused"
