"""The fact that the ledger publishes."""

#: The nightly check found a day on which the ledger and the spans differ. The subject is the project (`prj_…`); the
#: data: `day`, and `ledger` and `spans` with `cost` (USD as text), `tokens`, `calls`.
DIFFERENCE_FOUND = "ledger.difference_found"
