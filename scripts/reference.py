"""Writes docs/reference from the code: settings, commands, HTTP routes, limits; and the web's copy of the OpenAPI.

A reference that is written by hand is wrong by the next release. So each page is made from the thing itself:
settings from `platform/config.py`, commands from the command line's own definition, routes from the
application's OpenAPI, limits from the named constants and the comments that stand over them. `make reference`
writes the pages; tests/unit/test_documentation.py fails when they are out of date, or when a setting, a command,
a route or a limit says nothing about itself.
"""

import ast
import importlib
import inspect
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
PAGES = ROOT / "docs" / "reference"
#: From which the web's types are made (`npm run api` in web/).
OPENAPI = ROOT / "web" / "openapi.json"

#: What each setting means; the defaults come from the code.
SETTINGS = {
    "MNO_HOST": "Address to listen on. `0.0.0.0` opens the hub to the network; read SECURITY.md first.",
    "MNO_PORT": "Port of web pages, API and ingest; 0 takes a free one.",
    "MNO_DATA_DIR": "Folder for everything that lasts. One running program to a folder.",
    "MNO_POSTGRES_URL": "A Postgres server (16 or newer) in place of the embedded one, as a libpq URL or"
    " keyword string.",
    "MNO_CLICKHOUSE_URL": "A ClickHouse server in place of the embedded one, as a clickhouse-connect DSN.",
    "MNO_REDIS_URL": "A Redis (6.2 or newer) in which budgets are counted, as `redis://`, `rediss://` or `unix://`."
    " Empty: Postgres counts them.",
    "MNO_BOOTSTRAP_API_KEY": "A key with the scope `admin` that works from the first start: `mno_` and at least 24"
    " letters, digits, `-` or `_`.",
    "MNO_MASTER_KEY": "The master key under which secrets are encrypted: 32 bytes in base64, or `aws-kms:` and the ARN"
    " of a key of AWS KMS; several parted by commas, of which the first encrypts. Empty: the file `master.key` in the"
    " data folder, made at the first start.",
    "MNO_OBJECTS_URL": "Where objects lie that belong outside of both databases, such as the signed anchors of the"
    " audit log: `s3://bucket/prefix?region=…` (or `?endpoint=http://minio:9000`), `gs://…`, `az://…`, `file:///…`."
    " Credentials come from the provider's own variables. Empty: the folder `objects` in the data folder.",
    "MNO_AUDIT_KEY": "The Ed25519 key that signs anchors of the audit log: 32 bytes in base64. Empty: the file"
    " `audit.key` in the data folder, made at the first start. Several processes over one Postgres need the same.",
    "MNO_AUDIT_TRUSTED_KEYS": "Public keys of former audit keys, 32 bytes in base64 each, parted by commas: what they"
    " signed stays valid.",
    "MNO_AUDIT_ANCHOR_MINUTES": "How often the heads of audit chains that grew are signed, in minutes (1 to 1440).",
    "MNO_OTLP_GRPC_PORT": "Port of OTLP over gRPC; 0 switches it off.",
    "MNO_PUBLIC_URL": "The address under which people reach the hub, for the links that it prints; empty means"
    " `http://localhost` and the port.",
    "MNO_MCP_STDIO": "Programs that MCP servers may be, by comma, such as `npx,uvx`; `*`: any. Empty: none.",
    "MNO_LOG_LEVEL": "`debug`, `info`, `warning` or `error`.",
    "MNO_LOG_FORMAT": "`text`, or `json` for one JSON object a line.",
}
#: Read by the command line only: which server its verbs talk to.
CLIENT_SETTINGS = {
    "MNO_URL": "Address of the server that verbs such as `mno keys` talk to; empty means the one on this machine.",
    "MNO_API_KEY": "A key of that server. Needed when `MNO_URL` is set.",
}

#: A named constant that bounds something, by its name.
LIMIT = re.compile(r"^(MAX|BACKLOG|DEFAULT)_|_(LIFETIME|TIMEOUT_S|WAIT_S|INTERVAL_S|SEGMENT_BYTES|SILENCE_S|GRACE_S)$")
#: A route that only wants to know who asks.
ANY_CALLER = "any"
#: Defaults that settings.md shows already.
NOT_LIMITS = {"DEFAULT_PORT", "DEFAULT_OTLP_GRPC_PORT", "DEFAULT_FROM", "DEFAULT_TO"}


@cache
def pages() -> dict[str, str]:
    """Every page of the reference by its file name."""
    return {
        "settings.md": settings_page(),
        "commands.md": commands_page(),
        "api.md": api_page(),
        "limits.md": limits_page(),
        "events.md": events_page(),
    }


def _page(title: str, introduction: str, body: Sequence[str]) -> str:
    note = "<!-- Written by `make reference` from the code. Do not edit. -->"
    return "\n".join([f"# {title}", "", note, "", introduction, "", *body]).rstrip() + "\n"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(_cell(value) for value in row)} |" for row in rows]
    return [*lines, ""]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


# — settings —


@cache
def settings_read() -> set[str]:
    """Every environment variable of ours that the source names."""
    names: set[str] = set()
    for file in (SOURCE / "mno").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                names.update(re.findall(r"^MNO_[A-Z_]+$", node.value))
    return names


def settings_page() -> str:
    """Each variable with its default."""
    from mno.platform.config import Config

    plain = Config.from_environment({})
    of_setting = {
        "MNO_DATA_DIR": "data_folder",
        **{f"MNO_{field.name.upper()}": field.name for field in fields(Config) if field.name != "data_folder"},
    }
    rows = []
    for name, meaning in SETTINGS.items():
        value = getattr(plain, of_setting[name])
        # the user data folder differs from machine to machine
        shown = "the user data folder, such as `~/.local/share/mno`" if name == "MNO_DATA_DIR" else _default(value)
        rows.append((f"`{name}`", shown, meaning))
    body = _table(("variable", "default", "meaning"), rows)
    body += ["## The command line's own", ""]
    body += _table(("variable", "meaning"), [(f"`{name}`", meaning) for name, meaning in CLIENT_SETTINGS.items()])
    return _page(
        "Settings",
        "What the operator decides before the program starts, in the environment. It is read once, at the start; "
        "a value that cannot be understood stops the program with its name. `mno serve` has options for the first "
        "three, which win over the environment.",
        body,
    )


def _default(value: object) -> str:
    return "empty" if value in ("", None) else f"`{value}`"


# — commands —


@dataclass(frozen=True)
class Command:
    """One verb: its words, its help, its parameters as click describes them."""

    words: str
    help: str
    parameters: list[Any]


@cache
def commands() -> list[Command]:
    """Every verb of `mno`, groups unfolded."""
    import typer

    from mno.entry.cli.verbs import app

    return list(_unfolded(typer.main.get_command(app), "mno"))


def _unfolded(command: Any, words: str) -> Iterator[Command]:
    children = getattr(command, "commands", None)
    if children is None:
        yield Command(words, inspect.cleandoc(command.help or ""), list(command.params))
        return
    for name in sorted(children):
        yield from _unfolded(children[name], f"{words} {name}")


def commands_page() -> str:
    """Each verb with its arguments and options."""
    body: list[str] = []
    for command in commands():
        arguments = " ".join(
            one.name.upper() if one.required else f"[{one.name.upper()}]"
            for one in command.parameters
            if not _is_option(one)
        )
        body += [f"## {command.words}", "", "```", f"{command.words} {arguments}".strip() + " [OPTIONS]", "```", ""]
        body += [command.help, ""]
        rows = [(f"`{_name(one)}`", getattr(one, "help", "") or "", _preset(one)) for one in command.parameters]
        if rows:
            body += _table(("", "meaning", "default"), rows)
    return _page(
        "Commands",
        "The console command is `mno`; in a checkout it is `.venv/bin/mno`. Verbs that touch data talk to the running "
        "server: the one that `MNO_URL` and `MNO_API_KEY` name, else the one on this machine's data folder. Where "
        "none runs they start one quietly and stop it afterwards. An expected failure is one line on standard error "
        "and status 1.",
        body,
    )


def _is_option(parameter: Any) -> bool:
    return bool(parameter.opts[0].startswith("-"))


def _name(parameter: Any) -> str:
    return str(parameter.opts[0]) if _is_option(parameter) else str(parameter.name).upper()


def _preset(parameter: Any) -> str:
    if parameter.required:
        return "required"
    default = parameter.default
    if default in (None, "", False):
        return ""
    return f"`{', '.join(map(str, default)) if isinstance(default, list | tuple) else default}`"


# — routes —


@dataclass(frozen=True)
class Route:
    """One operation as the OpenAPI describes it. `permission` is empty where none is asked for."""

    method: str
    path: str
    permission: str
    aliases: tuple[str, ...]
    described: dict[str, Any]


@cache
def routes() -> tuple[dict[str, Any], list[Route]]:
    """The OpenAPI document and its operations. No engine is opened for it."""
    from mno.bootstrap import build
    from mno.entry.web import create_app
    from mno.platform.config import Config

    app = create_app(build(Config()))
    schema = app.openapi()
    real = list(_real_routes(app.router.routes))
    found = []
    for path, operations in schema["paths"].items():
        for method, described in operations.items():
            route = next(one for at, one in real if at == path and method.upper() in one.methods)
            aliases = [at for at, one in real if one.endpoint is route.endpoint and at != path]
            found.append(Route(method.upper(), path, _permission(route), tuple(aliases), described))
    return schema, found


def _real_routes(found: Sequence[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Each with the path at which it is reached: a router inside a router knows only its own part of it."""
    for route in found:
        if hasattr(route, "original_router"):
            yield from _real_routes(route.original_router.routes, prefix + route.include_context.prefix)
        elif hasattr(route, "dependant") and getattr(route, "path", "") != "/{path:path}":
            yield prefix + route.path, route


def _permission(route: Any) -> str:
    """What the gate in front of the route asks for (`platform/http/gate.py`)."""
    for call in _dependencies(route.dependant):
        if call.__module__ == "mno.platform.http.gate":
            return str(inspect.getclosurevars(call).nonlocals.get("permission", ANY_CALLER))
    return ""


def _dependencies(dependant: Any) -> Iterator[Any]:
    for one in dependant.dependencies:
        yield one.call
        yield from _dependencies(one)


def api_page() -> str:
    """Each route with its permission, parameters, body and answer."""
    schema, found = routes()
    body: list[str] = []
    for tag in sorted({route.described["tags"][0] for route in found}):
        body += [f"## {tag.capitalize()}", ""]
        for route in found:
            if route.described["tags"][0] == tag:
                body += _route(route, schema)
    return _page(
        "HTTP API",
        "The same in machine-readable form is at `/api/openapi.json` of a running hub. Send a key as "
        "`Authorization: Bearer mno_…`, as `x-api-key`, or as the password of Basic authentication. Every error is "
        "an RFC 9457 problem document (`application/problem+json`) with `title`, `status` and `detail`; an OTLP body "
        "that is refused is answered by a `google.rpc.Status` in the format that was sent. Times "
        "are RFC 3339 in UTC; `from` and `to` also take "
        "`now`, `-15m`, `-24h`, `-30d`. Amounts are text with nine decimal places.",
        body,
    )


def _route(route: Route, schema: dict[str, Any]) -> list[str]:
    lines = [f"### {route.method} {route.path}", "", route.described["description"], ""]
    notes = [_asked(route.permission)]
    if route.aliases:
        notes.append(f"Also at {', '.join(f'`{path}`' for path in route.aliases)}.")
    lines += [" ".join(notes), ""]
    parameters = route.described.get("parameters", [])
    if parameters:
        lines += _table(
            ("parameter", "type", "default", "meaning"),
            [
                (
                    f"`{one['name']}`",
                    _type(one["schema"]),
                    _preset_of(one["schema"]) if not one.get("required") else "required",
                    one.get("description", ""),
                )
                for one in parameters
            ],
        )
    for media_type, content in route.described.get("requestBody", {}).get("content", {}).items():
        lines += [f"Body, `{media_type}`: {_shape(content.get('schema', {}), schema)}", ""]
    for status, answer in route.described["responses"].items():
        for media_type, content in answer.get("content", {}).items():
            if status != "default" and content.get("schema"):
                lines += [f"{status}, `{media_type}`: {_shape(content['schema'], schema)}", ""]
    return lines


def _asked(permission: str) -> str:
    if permission == ANY_CALLER:
        return "Any valid key or session."
    return f"Permission: `{permission}`." if permission else "Public: no key is asked for."


def _type(described: dict[str, Any]) -> str:
    if "$ref" in described:
        return str(described["$ref"]).rsplit("/", 1)[-1]
    if "enum" in described:
        return " / ".join(f"`{value}`" for value in described["enum"])
    if "const" in described:
        return f"`{described['const']}`"
    if "anyOf" in described:
        return " or ".join(dict.fromkeys(_type(one) for one in described["anyOf"]))
    if described.get("type") == "array":
        return f"list of {_type(described.get('items', {}))}"
    return str(described.get("type", "any"))


def _preset_of(described: dict[str, Any]) -> str:
    default = described.get("default")
    return "" if default in (None, "", []) else f"`{default}`"


def _shape(described: dict[str, Any], schema: dict[str, Any]) -> str:
    """The members of an object on one line; a list of objects by those of its items."""
    if "$ref" in described:
        named = schema["components"]["schemas"][described["$ref"].rsplit("/", 1)[-1]]
        return _shape(named, schema)
    if described.get("type") == "array":
        return f"list of {_shape(described.get('items', {}), schema)}"
    members = described.get("properties")
    if not members:
        return _type(described)
    required = described.get("required", [])
    shown = []
    for name, member in members.items():
        optional = "" if name in required else "?"
        inner = member
        if member.get("type") == "array" and "$ref" in member.get("items", {}):
            inner = schema["components"]["schemas"][member["items"]["$ref"].rsplit("/", 1)[-1]]
            inner_names = ", ".join(f"`{one}`" for one in inner.get("properties", {}))
            shown.append(f"`{name}`{optional} (list of {inner_names})" if inner_names else f"`{name}`{optional}")
        else:
            shown.append(f"`{name}`{optional}")
    return ", ".join(shown)


# — limits —


@dataclass(frozen=True)
class Limit:
    """A named constant that bounds something, with the comment over it."""

    module: str
    name: str
    value: Any
    comment: str


@cache
def limits() -> list[Limit]:
    """Every limit of the source, module by module."""
    found = []
    for file in sorted((SOURCE / "mno").rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        lines = text.splitlines()
        for node in ast.parse(text).body:
            for name in _assigned(node):
                if LIMIT.search(name) and not name.startswith("_") and name not in NOT_LIMITS:
                    module = ".".join(file.relative_to(SOURCE).with_suffix("").parts)
                    value = getattr(importlib.import_module(module), name)
                    found.append(Limit(module, name, value, _comment_over(lines, node.lineno)))
    return found


def _assigned(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def _comment_over(lines: list[str], number: int) -> str:
    comment: list[str] = []
    for line in reversed(lines[: number - 1]):
        if not line.startswith("#:"):
            break
        comment.insert(0, line.removeprefix("#:").strip())
    return " ".join(comment)


def limits_page() -> str:
    """Each limit with its value and where it stands."""
    body: list[str] = []
    found = limits()
    for module in sorted({limit.module for limit in found}):
        rows = [(f"`{limit.name}`", _amount(limit), limit.comment) for limit in found if limit.module == module]
        body += [f"## {module}", "", *_table(("limit", "value", "what it bounds"), rows)]
    return _page(
        "Limits",
        "Everything has a limit, and a limit says so when it is hit. These are constants of the source, not "
        "settings; the module that holds each is its heading.",
        body,
    )


def _amount(limit: Limit) -> str:
    value = limit.value
    if isinstance(value, timedelta):
        hours = value.total_seconds() / 3600
        return f"{hours / 24:g} days" if hours >= 48 else f"{hours:g} h" if hours >= 1 else f"{hours * 60:g} min"
    if not isinstance(value, int | float | Decimal):
        return f"`{value}`"
    if limit.name.endswith("_BYTES") and value % 2**20 == 0:
        return f"{value // 2**20} MiB"
    if limit.name.endswith("_BYTES") and value % 1_000_000 == 0:
        return f"{value // 1_000_000:,} MB"
    if limit.name.endswith("_NS"):
        return _amount(replace(limit, value=timedelta(microseconds=int(value) // 1000)))
    return f"{value:,g} s" if limit.name.endswith("_S") else f"{value:,}"


# — value events —


def events_page() -> str:
    """Kinds, outcomes, actions and messages, with the comments that stand over them."""
    from mno.events import actions, model
    from mno.events.following import service
    from mno.events.wording import templates

    ailments = ", ".join(f"`{permission}` ({about})" for about, permission in model.AILMENT_SOURCES.items())
    kinds = [
        (
            f"`{kind}`",
            meaning,
            ailments if kind.startswith("recovery.") else f"`{model.SOURCES.get(model.EventKind(kind), model.READ)}`",
            " · ".join(f"“{template}”" for template in templates(model.EventKind(kind))),
        )
        for kind, meaning in _members(model.EventKind)
    ]
    body = ["## Kinds", "", *_table(("kind", "when", "seen with, besides `events.read`", "what its card says"), kinds)]
    for title, column, names in (
        ("Outcomes", "outcome", model.EventOutcome),
        ("Actions", "action", actions.ActionName),
        ("Messages of the stream", "event", service.StreamEvent),
    ):
        rows = [(f"`{name}`", meaning) for name, meaning in _members(names)]
        body += [f"## {title}", "", *_table((column, "meaning"), rows)]
    return _page(
        "Value events",
        "What a person wants to know or decide. `GET /api/events` has the history, `GET /api/agent/events` the stream "
        "over server-sent events and over WebSocket, `POST /api/events` takes what agents tell. Summaries are phrased "
        "in the reader's language; here are the English ones. Severities are `info`, `warning` and `critical`. "
        "[Agents that say what they did](../guides/value-events.md) shows how.",
        body,
    )


def _members(names: type[Any]) -> list[tuple[str, str]]:
    """Each member's value, and the comment over it."""
    lines = [line.strip() for line in inspect.getsource(names).splitlines()]
    return [
        (str(one.value), _comment_over(lines, number))
        for one in names
        for number, line in enumerate(lines, start=1)
        if line.startswith(f"{one.name} = ")
    ]


def openapi() -> str:
    """The application's description of itself, as the web keeps it."""
    schema, _ = routes()
    return json.dumps(schema, indent=4, ensure_ascii=False) + "\n"


def main() -> None:
    """Writes the pages; says which changed."""
    PAGES.mkdir(parents=True, exist_ok=True)
    written = {PAGES / name: text for name, text in pages().items()} | {OPENAPI: openapi()}
    for file, text in written.items():
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            sys.stdout.write(f"  {file.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
