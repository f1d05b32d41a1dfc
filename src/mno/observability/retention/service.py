"""Enforces what the settings `retention.*` say, project by project.

Days are whole days in UTC, so the edge lies on a midnight and no minute's usage is half deleted. Usage sums stay:
a bill of last year needs no spans. Done twice it deletes nothing more.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from mno.audit.service import Audit
from mno.observability.retention.store import KEPT, Kept, RetentionStore
from mno.platform import clock
from mno.platform.errors import MnoError
from mno.platform.ids import shown
from mno.platform.principal import Principal, PrincipalKind

_log = logging.getLogger(__name__)

#: Days for which a project keeps something, by the setting's name; 0: for ever.
DaysKept = Callable[[str, UUID, UUID], int]


class Retention:
    """`enforce` is a nightly task (bootstrap)."""

    def __init__(self, store: RetentionStore, days_kept: DaysKept, audit: Audit) -> None:
        self._store = store
        self._days_kept = days_kept
        self._audit = audit

    async def enforce(self) -> int:
        """Deletes what is older than its project keeps; returns the rows. A project that fails does not stop others."""
        deleted = 0
        for team, project in await self._store.projects():
            for kept in KEPT:
                try:
                    deleted += await self._enforce(kept, team, project)
                except MnoError as error:
                    _log.warning("Retention of %s in project %s has to wait: %s", kept.table, project, error)
        return deleted

    async def _enforce(self, kept: Kept, team: str, project: str) -> int:
        days = self._days_kept(kept.setting, UUID(team), UUID(project))
        if days <= 0:
            return 0
        before = edge(clock.now(), days)
        rows = await self._store.older(kept, team, project, before)
        if rows == 0:
            return 0
        if kept.table == "spans":
            await self._store.mark(team, project, before)
        await self._store.delete_older(kept, team, project, before)
        actor = Principal(PrincipalKind.PROGRAM, UUID(int=0), "retention", UUID(team), UUID(project), frozenset())
        detail = f"{rows} rows of {kept.table} before {before:%Y-%m-%d}, by {kept.setting} = {days}"
        await self._audit.note(actor, "retention.delete", shown("prj", UUID(project)), detail=detail)
        return rows


def edge(now: datetime, days: int) -> datetime:
    """The first midnight (UTC) that is kept: today and the `days` before it stay whole."""
    return datetime.combine(now.astimezone(UTC).date() - timedelta(days=days), datetime.min.time(), UTC)
