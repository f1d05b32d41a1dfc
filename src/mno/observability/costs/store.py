"""The Postgres tables of prices: custom prices, the imported list, rates of exchange, re-rating jobs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from mno.observability.costs.model import (
    BucketPrices,
    CurrencyRate,
    CurrencySettings,
    CustomPrice,
    Rerate,
    RerateState,
)
from mno.platform.database import Connection
from mno.platform.errors import Conflict

_BUCKETS = tuple(field.name for field in fields(BucketPrices))


async def insert_custom_price(tx: Connection, price: CustomPrice) -> None:
    await tx.execute(
        """
        INSERT INTO prices_custom (id, team_id, project_id, provider, model, valid_from, currency,
            input, cache_read, cache_write_5m, cache_write_1h, output, input_audio, output_audio,
            note, created_at, created_by)
        VALUES (%(id)s, %(team_id)s, %(project_id)s, %(provider)s, %(model)s, %(valid_from)s, %(currency)s,
            %(input)s, %(cache_read)s, %(cache_write_5m)s, %(cache_write_1h)s, %(output)s, %(input_audio)s,
            %(output_audio)s, %(note)s, %(created_at)s, %(created_by)s)
        """,
        asdict(price) | asdict(price.prices),
    )


async def remove_custom_price(tx: Connection, team_id: UUID, project_id: UUID, id_: UUID, at: datetime) -> bool:
    """Whether there was such a price."""
    cursor = await tx.execute(
        """
        UPDATE prices_custom SET removed_at = %(at)s
        WHERE id = %(id)s AND team_id = %(team)s AND project_id = %(project)s AND removed_at IS NULL
        """,
        {"id": id_, "team": team_id, "project": project_id, "at": at},
    )
    return cursor.rowcount == 1


async def custom_prices(tx: Connection, team_id: UUID, project_id: UUID) -> list[CustomPrice]:
    """A project's prices, the newest entry first."""
    cursor = await tx.execute(
        """
        SELECT * FROM prices_custom
        WHERE team_id = %(team)s AND project_id = %(project)s AND removed_at IS NULL
        ORDER BY created_at DESC, id DESC
        """,
        {"team": team_id, "project": project_id},
    )
    return [_custom_price(row) for row in await cursor.fetchall()]


async def every_custom_price(tx: Connection) -> list[CustomPrice]:
    """Of all teams, for the price books that are built at the start."""
    cursor = await tx.execute("SELECT * FROM prices_custom WHERE removed_at IS NULL ORDER BY created_at")
    return [_custom_price(row) for row in await cursor.fetchall()]


def _custom_price(row: dict[str, Any]) -> CustomPrice:
    return CustomPrice(
        prices=BucketPrices(**{bucket: row[bucket] for bucket in _BUCKETS}),
        **{field.name: row[field.name] for field in fields(CustomPrice) if field.name != "prices"},
    )


@dataclass(frozen=True, slots=True)
class ImportedList:
    """A team's price list as it came; `content` is compressed by zlib."""

    team_id: UUID
    version: str
    dated: date
    content: bytes


async def save_import(tx: Connection, listed: ImportedList, at: datetime, by: str) -> None:
    """Takes the place of the team's former one."""
    await tx.execute(
        """
        INSERT INTO prices_imports (team_id, version, dated, content, imported_at, imported_by)
        VALUES (%(team_id)s, %(version)s, %(dated)s, %(content)s, %(at)s, %(by)s)
        ON CONFLICT (team_id) DO UPDATE SET version = excluded.version, dated = excluded.dated,
            content = excluded.content, imported_at = excluded.imported_at, imported_by = excluded.imported_by
        """,
        asdict(listed) | {"at": at, "by": by},
    )


async def delete_import(tx: Connection, team_id: UUID) -> bool:
    """Whether there was one."""
    cursor = await tx.execute("DELETE FROM prices_imports WHERE team_id = %(team)s", {"team": team_id})
    return cursor.rowcount == 1


async def imports(tx: Connection) -> list[ImportedList]:
    cursor = await tx.execute("SELECT team_id, version, dated, content FROM prices_imports")
    return [ImportedList(**row) for row in await cursor.fetchall()]


async def currency_settings(tx: Connection, team_id: UUID) -> CurrencySettings:
    return (await every_currency_settings(tx, team_id)).get(team_id, CurrencySettings())


async def every_currency_settings(tx: Connection, team_id: UUID | None = None) -> dict[UUID, CurrencySettings]:
    """By team; of all of them, or of one."""
    of_team = {"team": team_id}
    cursor = await tx.execute(
        "SELECT * FROM prices_currencies WHERE %(team)s::uuid IS NULL OR team_id = %(team)s", of_team
    )
    displays = {row["team_id"]: row["display"] for row in await cursor.fetchall()}
    cursor = await tx.execute(
        """
        SELECT * FROM prices_currency_rates WHERE %(team)s::uuid IS NULL OR team_id = %(team)s
        ORDER BY currency, dated
        """,
        of_team,
    )
    rates: dict[UUID, list[CurrencyRate]] = {}
    for row in await cursor.fetchall():
        rates.setdefault(row["team_id"], []).append(CurrencyRate(row["currency"], row["rate"], row["dated"]))
    return {
        team: CurrencySettings(displays.get(team, "USD"), tuple(rates.get(team, ()))) for team in {*displays, *rates}
    }


async def save_currency_settings(tx: Connection, team_id: UUID, settings: CurrencySettings) -> None:
    """Replaces the team's display currency and all of its rates."""
    await tx.execute(
        """
        INSERT INTO prices_currencies (team_id, display) VALUES (%(team)s, %(display)s)
        ON CONFLICT (team_id) DO UPDATE SET display = excluded.display
        """,
        {"team": team_id, "display": settings.display},
    )
    await tx.execute("DELETE FROM prices_currency_rates WHERE team_id = %(team)s", {"team": team_id})
    async with tx.cursor() as cursor:
        await cursor.executemany(
            """
            INSERT INTO prices_currency_rates (team_id, currency, dated, rate)
            VALUES (%(team)s, %(currency)s, %(dated)s, %(rate)s)
            """,
            [asdict(rate) | {"team": team_id} for rate in settings.rates],
        )


async def currencies_in_use(tx: Connection, team_id: UUID) -> set[str]:
    """In which currencies the team's custom prices stand."""
    cursor = await tx.execute(
        "SELECT DISTINCT currency FROM prices_custom WHERE team_id = %(team)s AND removed_at IS NULL",
        {"team": team_id},
    )
    return {row["currency"] for row in await cursor.fetchall()}


async def insert_rerate(tx: Connection, job: Rerate) -> None:
    """`Conflict` while another job of the project runs."""
    try:
        await tx.execute(
            """
            INSERT INTO prices_rerates (id, team_id, project_id, range_start, range_end, reached, state,
                total, done, changed, error, created_at)
            VALUES (%(id)s, %(team_id)s, %(project_id)s, %(start)s, %(end)s, %(reached)s, %(state)s,
                %(total)s, %(done)s, %(changed)s, %(error)s, %(created_at)s)
            """,
            asdict(job),
        )
    except UniqueViolation:
        raise Conflict("Spans of this project are being priced again already; wait until that job is done.") from None


async def save_rerate(tx: Connection, job: Rerate, at: datetime) -> None:
    """The job's progress, and its end once it no longer runs."""
    await tx.execute(
        """
        UPDATE prices_rerates SET reached = %(reached)s, state = %(state)s, total = %(total)s, done = %(done)s,
            changed = %(changed)s, error = %(error)s,
            finished_at = CASE WHEN %(state)s = 'running' THEN NULL ELSE %(at)s::timestamptz END
        WHERE id = %(id)s
        """,
        asdict(job) | {"at": at},
    )


async def rerate(tx: Connection, team_id: UUID, project_id: UUID, id_: UUID) -> Rerate | None:
    cursor = await tx.execute(
        "SELECT * FROM prices_rerates WHERE id = %(id)s AND team_id = %(team)s AND project_id = %(project)s",
        {"id": id_, "team": team_id, "project": project_id},
    )
    return next(iter(_rerates(await cursor.fetchall())), None)


async def rerates(tx: Connection, team_id: UUID, project_id: UUID, *, limit: int) -> list[Rerate]:
    """The newest first."""
    cursor = await tx.execute(
        """
        SELECT * FROM prices_rerates WHERE team_id = %(team)s AND project_id = %(project)s
        ORDER BY created_at DESC LIMIT %(limit)s
        """,
        {"team": team_id, "project": project_id, "limit": limit},
    )
    return _rerates(await cursor.fetchall())


async def running_rerates(tx: Connection) -> list[Rerate]:
    """Of every team: what the last process did not finish."""
    cursor = await tx.execute("SELECT * FROM prices_rerates WHERE state = 'running' ORDER BY created_at")
    return _rerates(await cursor.fetchall())


def _rerates(rows: Sequence[dict[str, Any]]) -> list[Rerate]:
    return [
        Rerate(
            id=row["id"],
            team_id=row["team_id"],
            project_id=row["project_id"],
            start=row["range_start"],
            end=row["range_end"],
            reached=row["reached"],
            state=RerateState(row["state"]),
            total=row["total"],
            done=row["done"],
            changed=row["changed"],
            error=row["error"],
            created_at=row["created_at"],
        )
        for row in rows
    ]
