"""What has to be written so that the ledger says what the usage says. Pure rules."""

from collections.abc import Mapping

from mno.observability.ledger.model import Key, LedgerKind, Posting, Sums

_NOTHING = Sums()


def postings(usage: Mapping[Key, Sums], written: Mapping[Key, Sums]) -> list[Posting]:
    """One entry for each key that differs: the first of an hour is usage, what comes later an adjustment.

    After they are written the sums of each key are those of the usage, to the last digit.
    """
    found = []
    for key in sorted({*usage, *written}):
        before = written.get(key)
        change = usage.get(key, _NOTHING).less(before or _NOTHING)
        if change != _NOTHING:
            found.append(Posting(LedgerKind.USAGE if before is None else LedgerKind.ADJUSTMENT, key, change))
    return found
