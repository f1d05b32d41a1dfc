"""All SQL of connections, and of the hub as a client of authorization servers."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

import orjson

from mno.mcp_gateway.credentials.model import Connection, Registration
from mno.platform.database import Connection as Transaction
from mno.platform.database import Row

_CONNECTION = "id, server_id, team_id, user_id, sealed, expires_at, broken, connected_at"


async def registration(tx: Transaction, server_id: UUID) -> tuple[Registration, bytes] | None:
    """With the client's sealed secret (empty: none)."""
    rows = await tx.execute(
        "SELECT registration, sealed FROM mcp_oauth_clients WHERE server_id = %(server_id)s", {"server_id": server_id}
    )
    row = await rows.fetchone()
    return (Registration(**row["registration"]), bytes(row["sealed"])) if row else None


async def put_registration(tx: Transaction, team_id: UUID, server_id: UUID, made: Registration, sealed: bytes) -> None:
    await tx.execute(
        "INSERT INTO mcp_oauth_clients (server_id, team_id, registration, sealed)"
        " VALUES (%(server_id)s, %(team_id)s, %(registration)s, %(sealed)s)"
        " ON CONFLICT (server_id) DO UPDATE SET registration = excluded.registration, sealed = excluded.sealed",
        {
            "server_id": server_id,
            "team_id": team_id,
            "registration": orjson.dumps(asdict(made)).decode(),
            "sealed": sealed,
        },
    )


async def connection(
    tx: Transaction, server_id: UUID, user_id: UUID | None, *, lock: bool = False
) -> Connection | None:
    """`lock` lets nobody else renew it until the transaction ends."""
    rows = await tx.execute(
        f"SELECT {_CONNECTION} FROM mcp_connections WHERE server_id = %(server_id)s"
        f" AND user_id IS NOT DISTINCT FROM %(user_id)s::uuid{' FOR UPDATE' if lock else ''}",
        {"server_id": server_id, "user_id": user_id},
    )
    row = await rows.fetchone()
    return _connection(row) if row else None


async def put_connection(tx: Transaction, one: Connection) -> None:
    """A new one, or what is to stand in its place."""
    await tx.execute(
        f"INSERT INTO mcp_connections ({_CONNECTION}) VALUES (%(id)s, %(server_id)s, %(team_id)s, %(user_id)s,"
        " %(sealed)s, %(expires_at)s, %(broken)s, %(connected_at)s)"
        " ON CONFLICT (server_id, user_id) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at,"
        " broken = excluded.broken, connected_at = excluded.connected_at",
        asdict(one),
    )


async def ensure_connection(tx: Transaction, one: Connection) -> None:
    """Makes it where there is none, so that it can be locked."""
    await tx.execute(
        f"INSERT INTO mcp_connections ({_CONNECTION}) VALUES (%(id)s, %(server_id)s, %(team_id)s, %(user_id)s,"
        " %(sealed)s, %(expires_at)s, %(broken)s, %(connected_at)s) ON CONFLICT (server_id, user_id) DO NOTHING",
        asdict(one),
    )


async def renew_connection(
    tx: Transaction, connection_id: UUID, sealed: bytes, expires_at: datetime | None, broken: str
) -> None:
    await tx.execute(
        "UPDATE mcp_connections SET sealed = %(sealed)s, expires_at = %(expires_at)s, broken = %(broken)s"
        " WHERE id = %(id)s",
        {"id": connection_id, "sealed": sealed, "expires_at": expires_at, "broken": broken},
    )


async def delete_connection(tx: Transaction, server_id: UUID, user_id: UUID | None) -> bool:
    done = await tx.execute(
        "DELETE FROM mcp_connections WHERE server_id = %(server_id)s"
        " AND user_id IS NOT DISTINCT FROM %(user_id)s::uuid",
        {"server_id": server_id, "user_id": user_id},
    )
    return done.rowcount > 0


async def forget_server(tx: Transaction, server_id: UUID) -> None:
    """Everything that was given for the place where it was."""
    await tx.execute("DELETE FROM mcp_connections WHERE server_id = %(id)s", {"id": server_id})
    await tx.execute("DELETE FROM mcp_oauth_clients WHERE server_id = %(id)s", {"id": server_id})


# — for new keys —


async def connections_after(tx: Transaction, after: UUID, limit: int) -> list[Connection]:
    rows = await tx.execute(
        f"SELECT {_CONNECTION} FROM mcp_connections WHERE id > %(after)s ORDER BY id LIMIT %(limit)s FOR UPDATE",
        {"after": after, "limit": limit},
    )
    return [_connection(row) for row in await rows.fetchall()]


async def clients_after(tx: Transaction, after: UUID, limit: int) -> list[tuple[UUID, bytes]]:
    rows = await tx.execute(
        "SELECT server_id, sealed FROM mcp_oauth_clients WHERE server_id > %(after)s"
        " ORDER BY server_id LIMIT %(limit)s FOR UPDATE",
        {"after": after, "limit": limit},
    )
    return [(row["server_id"], bytes(row["sealed"])) for row in await rows.fetchall()]


async def keep_sealed_client(tx: Transaction, server_id: UUID, sealed: bytes) -> None:
    await tx.execute(
        "UPDATE mcp_oauth_clients SET sealed = %(sealed)s WHERE server_id = %(id)s", {"id": server_id, "sealed": sealed}
    )


def _connection(row: Row) -> Connection:
    return Connection(**{**row, "sealed": bytes(row["sealed"])})
