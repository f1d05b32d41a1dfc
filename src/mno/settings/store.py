"""All SQL of settings."""

from collections.abc import Sequence
from typing import Any

from psycopg.types.json import Jsonb

from mno.platform.database import Connection
from mno.settings.model import Difference, Place, Revision

#: So that two saves of one place follow each other; the lock's first half, the second is made from the place.
_LOCK = 0x6D6E6F09

_PLACE = "team_id = %(team)s AND project_id IS NOT DISTINCT FROM %(project)s"


def _of(place: Place) -> dict[str, Any]:
    return {"team": place.team_id, "project": place.project_id}


async def lock(tx: Connection, place: Place) -> None:
    """Until the transaction ends nobody else saves here."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(%(lock)s, hashtext(%(place)s))",
        {"lock": _LOCK, "place": f"{place.team_id}/{place.project_id}"},
    )


async def every_value(tx: Connection) -> list[tuple[Place, str, Any]]:
    rows = await tx.execute("SELECT team_id, project_id, name, value FROM settings_values")
    return [(Place(row["team_id"], row["project_id"]), row["name"], row["value"]) for row in await rows.fetchall()]


async def values_of(tx: Connection, place: Place) -> dict[str, Any]:
    rows = await tx.execute(f"SELECT name, value FROM settings_values WHERE {_PLACE}", _of(place))
    return {row["name"]: row["value"] for row in await rows.fetchall()}


async def save(tx: Connection, place: Place, changes: Sequence[Difference]) -> None:
    for change in changes:
        parameters = {**_of(place), "name": change.name, "value": Jsonb(change.after)}
        if change.after is None:
            await tx.execute(f"DELETE FROM settings_values WHERE {_PLACE} AND name = %(name)s", parameters)
        else:
            await tx.execute(
                "INSERT INTO settings_values (team_id, project_id, name, value)"
                " VALUES (%(team)s, %(project)s, %(name)s, %(value)s)"
                " ON CONFLICT (team_id, project_id, name) DO UPDATE SET value = excluded.value",
                parameters,
            )


async def revision_of(tx: Connection, place: Place) -> int:
    """The number of the last save; 0 before the first."""
    row = await (
        await tx.execute(
            f"SELECT coalesce(max(revision), 0) AS last FROM settings_revisions WHERE {_PLACE}", _of(place)
        )
    ).fetchone()
    assert row is not None
    return int(row["last"])


async def insert_revision(tx: Connection, place: Place, revision: Revision) -> None:
    changes = [{"name": one.name, "before": one.before, "after": one.after} for one in revision.changes]
    await tx.execute(
        "INSERT INTO settings_revisions (team_id, project_id, revision, saved_at, saved_by, note, changes)"
        " VALUES (%(team)s, %(project)s, %(revision)s, %(at)s, %(by)s, %(note)s, %(changes)s)",
        {
            **_of(place),
            "revision": revision.number,
            "at": revision.at,
            "by": revision.by,
            "note": revision.note,
            "changes": Jsonb(changes),
        },
    )


async def revisions(tx: Connection, place: Place, before: int, limit: int) -> list[Revision]:
    """Saves with a lower number than `before`, newest first."""
    rows = await tx.execute(
        "SELECT revision, saved_at, saved_by, note, changes FROM settings_revisions"
        f" WHERE {_PLACE} AND revision < %(before)s ORDER BY revision DESC LIMIT %(limit)s",
        {**_of(place), "before": before, "limit": limit},
    )
    return [_revision(row) for row in await rows.fetchall()]


async def revisions_after(tx: Connection, place: Place, after: int) -> list[Revision]:
    """Saves with a higher number, newest first: what a rollback takes back."""
    rows = await tx.execute(
        "SELECT revision, saved_at, saved_by, note, changes FROM settings_revisions"
        f" WHERE {_PLACE} AND revision > %(after)s ORDER BY revision DESC",
        {**_of(place), "after": after},
    )
    return [_revision(row) for row in await rows.fetchall()]


def _revision(row: dict[str, Any]) -> Revision:
    changes = [Difference(one["name"], one["before"], one["after"]) for one in row["changes"]]
    return Revision(row["revision"], row["saved_at"], row["saved_by"], row["note"], changes)
