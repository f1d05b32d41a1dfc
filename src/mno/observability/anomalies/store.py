"""The Postgres tables of anomalies: what was found, and how far each project has been looked at."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from mno.observability.anomalies.model import Anomaly, AnomalyKind, Driver, Measure, Scope
from mno.platform.database import Connection, Row

_COLUMNS = (
    "id, team_id, project_id, dimension, value, measure, kind, started_at, ended_at, actual, expected, score, drivers,"
    " detected_at, expected_at, expected_by, note"
)
_OWN = "team_id = %(team_id)s AND project_id = %(project_id)s"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which anomalies a list shows: those that overlap the range. `measure` None: any; `expected` None: both."""

    team_id: UUID
    project_id: UUID
    start: datetime
    end: datetime
    measure: Measure | None
    expected: bool | None
    limit: int


async def insert(tx: Connection, anomaly: Anomaly) -> bool:
    """False where the same hours of the same measure are known already."""
    done = await tx.execute(
        f"INSERT INTO anomalies_found ({_COLUMNS})"
        " VALUES (%(id)s, %(team_id)s, %(project_id)s, %(dimension)s, %(value)s, %(measure)s, %(kind)s, %(start)s,"
        " %(end)s, %(actual)s, %(expected)s, %(score)s, %(drivers)s, %(detected_at)s, NULL, '', '')"
        " ON CONFLICT DO NOTHING",
        {
            "id": anomaly.id,
            "team_id": anomaly.team_id,
            "project_id": anomaly.project_id,
            "dimension": anomaly.scope.dimension,
            "value": anomaly.scope.value,
            "measure": anomaly.measure,
            "kind": anomaly.kind,
            "start": anomaly.start,
            "end": anomaly.end,
            "detected_at": anomaly.detected_at,
            **_figures(anomaly),
        },
    )
    return done.rowcount == 1


async def extend(tx: Connection, anomaly: Anomaly) -> None:
    """It went on: its end, its figures and its drivers are new."""
    await tx.execute(
        f"UPDATE anomalies_found SET ended_at = %(end)s, kind = %(kind)s, actual = %(actual)s,"
        f" expected = %(expected)s, score = %(score)s, drivers = %(drivers)s WHERE {_OWN} AND id = %(id)s",
        {
            "id": anomaly.id,
            "team_id": anomaly.team_id,
            "project_id": anomaly.project_id,
            "end": anomaly.end,
            "kind": anomaly.kind,
            **_figures(anomaly),
        },
    )


def _figures(anomaly: Anomaly) -> dict[str, object]:
    drivers = [{**asdict(driver), "values": dict(driver.values)} for driver in anomaly.drivers]
    return {
        "actual": anomaly.actual,
        "expected": anomaly.expected,
        "score": anomaly.score,
        "drivers": Jsonb(drivers),
    }


async def since(tx: Connection, team_id: UUID, project_id: UUID, moment: datetime) -> list[Anomaly]:
    """All that ended later, the oldest first."""
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM anomalies_found WHERE {_OWN} AND ended_at > %(moment)s ORDER BY started_at, id",
        {"team_id": team_id, "project_id": project_id, "moment": moment},
    )
    return [_anomaly(row) for row in await rows.fetchall()]


async def listed(tx: Connection, wanted: Wanted) -> list[Anomaly]:
    """The newest first."""
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM anomalies_found WHERE {_OWN} AND started_at < %(end)s AND ended_at > %(start)s"
        " AND (%(measure)s::text IS NULL OR measure = %(measure)s)"
        " AND (%(expected)s::boolean IS NULL OR (expected_at IS NOT NULL) = %(expected)s)"
        " ORDER BY started_at DESC, id DESC LIMIT %(limit)s",
        asdict(wanted),
    )
    return [_anomaly(row) for row in await rows.fetchall()]


async def one(tx: Connection, team_id: UUID, project_id: UUID, id_: UUID) -> Anomaly | None:
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM anomalies_found WHERE {_OWN} AND id = %(id)s",
        {"team_id": team_id, "project_id": project_id, "id": id_},
    )
    row = await rows.fetchone()
    return None if row is None else _anomaly(row)


async def mark_expected(tx: Connection, anomaly: Anomaly, at: datetime | None, by: str, note: str) -> None:
    """`at` None takes the mark away again."""
    await tx.execute(
        f"UPDATE anomalies_found SET expected_at = %(at)s, expected_by = %(by)s, note = %(note)s"
        f" WHERE {_OWN} AND id = %(id)s",
        {
            "id": anomaly.id,
            "team_id": anomaly.team_id,
            "project_id": anomaly.project_id,
            "at": at,
            "by": by,
            "note": note,
        },
    )


async def reached(tx: Connection, team_id: UUID, project_id: UUID) -> datetime | None:
    """Up to where the project has been looked at; the row stays locked until the transaction ends."""
    rows = await tx.execute(
        f"SELECT reached FROM anomalies_watch WHERE {_OWN} FOR UPDATE",
        {"team_id": team_id, "project_id": project_id},
    )
    row = await rows.fetchone()
    return None if row is None else row["reached"]


async def looked_at(tx: Connection, moment: datetime) -> set[UUID]:
    """Projects of all teams that have been looked at up to a moment."""
    rows = await tx.execute("SELECT project_id FROM anomalies_watch WHERE reached >= %(moment)s", {"moment": moment})
    return {row["project_id"] for row in await rows.fetchall()}


async def set_reached(tx: Connection, team_id: UUID, project_id: UUID, moment: datetime) -> None:
    await tx.execute(
        "INSERT INTO anomalies_watch (team_id, project_id, reached) VALUES (%(team_id)s, %(project_id)s, %(moment)s)"
        " ON CONFLICT (project_id) DO UPDATE SET reached = greatest(anomalies_watch.reached, excluded.reached)",
        {"team_id": team_id, "project_id": project_id, "moment": moment},
    )


def _anomaly(row: Row) -> Anomaly:
    return Anomaly(
        id=row["id"],
        team_id=row["team_id"],
        project_id=row["project_id"],
        scope=Scope(row["dimension"], row["value"]),
        measure=Measure(row["measure"]),
        kind=AnomalyKind(row["kind"]),
        start=row["started_at"],
        end=row["ended_at"],
        actual=row["actual"],
        expected=row["expected"],
        score=row["score"],
        drivers=tuple(Driver(**driver) for driver in row["drivers"]),
        detected_at=row["detected_at"],
        expected_by=row["expected_by"],
        expected_at=row["expected_at"],
        note=row["note"],
    )
