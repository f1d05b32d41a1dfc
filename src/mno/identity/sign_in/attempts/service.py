"""Limits the trying of passwords and codes, on all nodes together."""

import math
from collections.abc import Sequence

from mno.identity.sign_in.attempts import store
from mno.identity.sign_in.attempts.waits import RULES, Kind, Subject
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import LimitExceeded


class Attempts:
    """Counts an attempt before it is looked at; whoever was right says so."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, subjects: Sequence[Subject | None]) -> None:
        """Counts; `LimitExceeded` with the seconds to wait where one of the subjects has tried too often."""
        now = clock.now()
        async with self._database.across_teams() as tx:
            # always in the same order, so that two attempts do not wait for each other in a circle
            for subject in sorted({one for one in subjects if one}, key=lambda one: (one.kind, one.fingerprint)):
                blocked_until = await store.count(tx, subject, now)
                if blocked_until is not None:
                    seconds = max(1, math.ceil((blocked_until - now).total_seconds()))
                    raise LimitExceeded(f"Too many attempts. Try again in {seconds} seconds.", retry_after_s=seconds)

    async def succeeded(self, tx: Connection, subjects: Sequence[Subject | None]) -> None:
        """In the transaction of the sign-in: what it was tried against is forgotten; an address gets one back."""
        for subject in sorted({one for one in subjects if one}, key=lambda one: (one.kind, one.fingerprint)):
            if subject.kind is Kind.ADDRESS:
                await store.give_back(tx, subject, clock.now())
            else:
                await store.forget(tx, subject)

    async def prune(self) -> None:
        """Drops attempts that are older than any rule remembers."""
        async with self._database.across_teams() as tx:
            await store.delete_older(tx, clock.now() - max(rule.memory for rule in RULES.values()))
