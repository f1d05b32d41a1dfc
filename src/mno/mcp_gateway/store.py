"""All SQL of the gateway: servers, and the definitions of tools that are accepted or offered."""

from dataclasses import asdict
from uuid import UUID

import orjson

from mno.mcp_gateway.model import CredentialKind, CredentialScope, Pin, Server, Transport
from mno.platform.database import Connection, Row

_COLUMNS = (
    "id", "team_id", "name", "address", "created_at", "credential_kind", "header", "description", "tags", "timeout_s",
    "calls_per_minute", "concurrent_calls", "result_bytes", "enabled", "transport", "command", "args", "env_names",
    "folder", "document_digest", "credential_scope", "oauth_client_id", "oauth_scopes", "prefix",
)  # fmt: skip
_LISTS = ("tags", "args", "env_names")
_SERVER = ", ".join(_COLUMNS)
_VALUES = ", ".join(f"%({name})s" for name in _COLUMNS)
_CHANGES = ", ".join(f"{name} = %({name})s" for name in _COLUMNS if name not in ("id", "team_id", "created_at"))


async def servers_of(tx: Connection, team_id: UUID) -> list[Server]:
    rows = await tx.execute(
        f"SELECT {_SERVER} FROM mcp_servers WHERE team_id = %(team_id)s ORDER BY name", {"team_id": team_id}
    )
    return [_server(row) for row in await rows.fetchall()]


async def server_of(tx: Connection, team_id: UUID, server_id: UUID) -> Server | None:
    """Nobody else can change it until the transaction ends."""
    rows = await tx.execute(
        f"SELECT {_SERVER} FROM mcp_servers WHERE team_id = %(team_id)s AND id = %(id)s FOR UPDATE",
        {"team_id": team_id, "id": server_id},
    )
    row = await rows.fetchone()
    return None if row is None else _server(row)


async def named_server(tx: Connection, server_id: UUID) -> tuple[UUID, str] | None:
    """Whose it is and what it is called, of any team."""
    rows = await tx.execute("SELECT team_id, name FROM mcp_servers WHERE id = %(id)s", {"id": server_id})
    row = await rows.fetchone()
    return None if row is None else (row["team_id"], row["name"])


async def insert_server(tx: Connection, server: Server) -> None:
    await tx.execute(f"INSERT INTO mcp_servers ({_SERVER}) VALUES ({_VALUES})", _row(server))


async def update_server(tx: Connection, server: Server) -> None:
    await tx.execute(f"UPDATE mcp_servers SET {_CHANGES} WHERE team_id = %(team_id)s AND id = %(id)s", _row(server))


async def delete_server(tx: Connection, team_id: UUID, server_id: UUID) -> None:
    await tx.execute(
        "DELETE FROM mcp_servers WHERE team_id = %(team_id)s AND id = %(id)s", {"team_id": team_id, "id": server_id}
    )


async def put_document(tx: Connection, server: Server, document: bytes) -> None:
    """A new one, or what is to stand in its place."""
    await tx.execute(
        "INSERT INTO mcp_documents (team_id, server_id, document) VALUES (%(team_id)s, %(server_id)s, %(document)s)"
        " ON CONFLICT (server_id) DO UPDATE SET document = excluded.document",
        {"team_id": server.team_id, "server_id": server.id, "document": document},
    )


async def document_of(tx: Connection, team_id: UUID, server_id: UUID) -> bytes | None:
    rows = await tx.execute(
        "SELECT document FROM mcp_documents WHERE team_id = %(team_id)s AND server_id = %(server_id)s",
        {"team_id": team_id, "server_id": server_id},
    )
    row = await rows.fetchone()
    return None if row is None else bytes(row["document"])


async def pins_of(tx: Connection, team_id: UUID, server_id: UUID) -> list[Pin]:
    rows = await tx.execute(
        "SELECT team_id, server_id, name, accepted, accepted_digest, offered FROM mcp_tools"
        " WHERE team_id = %(team_id)s AND server_id = %(server_id)s ORDER BY name",
        {"team_id": team_id, "server_id": server_id},
    )
    return [_pin(row) for row in await rows.fetchall()]


async def unprefixed_tools(tx: Connection, team_id: UUID) -> dict[str, set[str]]:
    """Names of accepted tools, by server, of those that are switched on and put nothing before them."""
    rows = await tx.execute(
        "SELECT s.name AS server, t.name AS tool FROM mcp_servers s JOIN mcp_tools t ON t.server_id = s.id"
        " WHERE s.team_id = %(team_id)s AND s.enabled AND s.prefix = '' AND t.accepted_digest <> ''",
        {"team_id": team_id},
    )
    found: dict[str, set[str]] = {}
    for row in await rows.fetchall():
        found.setdefault(row["server"], set()).add(row["tool"])
    return found


async def has_pins(tx: Connection, team_id: UUID, server_id: UUID) -> bool:
    """Whether any tool of this server was ever seen."""
    rows = await tx.execute(
        "SELECT 1 FROM mcp_tools WHERE team_id = %(team_id)s AND server_id = %(server_id)s LIMIT 1",
        {"team_id": team_id, "server_id": server_id},
    )
    return await rows.fetchone() is not None


async def put_pin(tx: Connection, pin: Pin) -> None:
    """A new one, or what is to stand in its place."""
    await tx.execute(
        "INSERT INTO mcp_tools (team_id, server_id, name, accepted, accepted_digest, offered)"
        " VALUES (%(team_id)s, %(server_id)s, %(name)s, %(accepted)s, %(accepted_digest)s, %(offered)s)"
        " ON CONFLICT (server_id, name) DO UPDATE SET accepted = excluded.accepted,"
        " accepted_digest = excluded.accepted_digest, offered = excluded.offered",
        {
            "team_id": pin.team_id,
            "server_id": pin.server_id,
            "name": pin.name,
            "accepted": None if pin.accepted is None else orjson.dumps(pin.accepted),
            "accepted_digest": pin.accepted_digest,
            "offered": None if pin.offered is None else orjson.dumps(pin.offered),
        },
    )


def _pin(row: Row) -> Pin:
    read = {name: None if row[name] is None else orjson.loads(row[name]) for name in ("accepted", "offered")}
    return Pin(**{**row, **read})


def _row(server: Server) -> Row:
    return {**asdict(server), **{name: list(getattr(server, name)) for name in _LISTS}}


def _server(row: Row) -> Server:
    kinds = {
        "credential_kind": CredentialKind(row["credential_kind"]),
        "credential_scope": CredentialScope(row["credential_scope"]),
        "transport": Transport(row["transport"]),
    }
    return Server(**{**row, **kinds, **{name: tuple(row[name]) for name in _LISTS}})
