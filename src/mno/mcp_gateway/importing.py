"""What is read out of documents that describe servers: the common `mcpServers`, and `server.json` of the MCP registry.

Pure. Sources: the clients' own documentation (Claude, Cursor, VS Code); "server.json Format Specification" of the MCP
registry, schema 2025-12-11, and its older spelling with underscores.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mno.mcp_gateway.model import MAX_IMPORTED_SERVERS, MAX_SERVER_DESCRIPTION_CHARACTERS, CredentialKind, Transport
from mno.platform.errors import Invalid

_REMOTES = {"streamable-http": Transport.HTTP, "streamable": Transport.HTTP, "http": Transport.HTTP,
            "sse": Transport.SSE}  # fmt: skip
#: What starts a package of each kind, with what stands before its name.
_RUNNERS = {"npm": ("npx", ("-y",)), "pypi": ("uvx", ())}
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")
_VARIABLE = re.compile(r"\{([^{}]+)\}")


class Entry(dict[str, Any]):
    """One server of a document as the fields of a wish; `credential` and `environment` are kept apart from it."""


def imported(document: Mapping[str, Any]) -> tuple[Sequence[Entry], Sequence[str]]:
    """Servers of a document, and why some cannot be taken. `Invalid` for what is no such document."""
    found = _described(document)
    if len(found) > MAX_IMPORTED_SERVERS:
        raise Invalid(f"One import has {MAX_IMPORTED_SERVERS} servers at most.")
    values = document.get("values")
    taken: list[Entry] = []
    left: list[str] = []
    for label, described, is_published in found:
        try:
            if not isinstance(described, Mapping):
                raise Invalid("It is no object.")
            given = values if isinstance(values, Mapping) else {}
            taken.append(_published(described, given) if is_published else _configured(label, described))
        except Invalid as error:
            left.append(f"{label[:80]}: {error}")
    return taken, left


def _described(document: Mapping[str, Any]) -> list[tuple[str, Any, bool]]:
    """Label, description, and whether it is a `server.json`, of every server of the document."""
    published = [document] if "packages" in document or "remotes" in document else [document.get("server")]
    listed = document.get("servers")
    if isinstance(listed, list):  # an answer of the registry
        published = [one.get("server", one) if isinstance(one, Mapping) else one for one in listed]
    if published != [None]:
        return [(str(one.get("name", "")) if isinstance(one, Mapping) else "?", one, True) for one in published]
    servers = document.get("mcpServers", listed)
    if not isinstance(servers, Mapping):
        raise Invalid('The document has no object "mcpServers", and it is no server.json.')
    return [(str(label), one, False) for label, one in servers.items()]


def _slug(label: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:40].strip("-")


# — mcpServers —


def _configured(label: str, entry: Mapping[str, Any]) -> Entry:
    address = entry.get("url", entry.get("serverUrl", entry.get("httpUrl")))
    if entry.get("command") and not address:
        return _program(label, entry)
    if not isinstance(address, str):
        raise Invalid("It has neither a url nor a command.")
    transport = Transport.SSE if entry.get("type") == "sse" else Transport.HTTP
    return Entry(name=_slug(label), transport=transport, address=address, **_credential(entry.get("headers") or {}))


def _program(label: str, entry: Mapping[str, Any]) -> Entry:
    command, args, environment = entry["command"], entry.get("args") or [], entry.get("env") or {}
    folder = entry.get("cwd") or ""
    if not isinstance(args, list) or not all(isinstance(one, str) for one in (command, folder, *args)):
        raise Invalid("Its command, arguments and folder are no texts.")
    if not isinstance(environment, Mapping) or not all(isinstance(one, str) for one in environment.values()):
        raise Invalid("Its environment is no object of texts.")
    if any(_PLACEHOLDER.search(one) for one in (command, folder, *args, *environment.values())):
        raise Invalid("It has a placeholder; add it by hand, with the value itself.")
    return Entry(
        name=_slug(label),
        transport=Transport.STDIO,
        command=command,
        args=tuple(args),
        folder=folder,
        environment=dict(environment) or None,
    )


def _credential(headers: Any) -> dict[str, Any]:
    if not isinstance(headers, Mapping) or not all(isinstance(value, str) for value in headers.values()):
        raise Invalid("Its headers are no texts.")
    if not headers:
        return {"credential_kind": CredentialKind.NONE, "header": "", "credential": None}
    if len(headers) > 1:
        raise Invalid("It has more than one header; the gateway sends one credential.")
    name, value = next(iter(headers.items()))
    if "${" in value:
        raise Invalid("Its credential is a placeholder; add it by hand, with the credential itself.")
    scheme, _, token = value.partition(" ")
    if name.lower() == "authorization" and scheme.lower() == "bearer":
        return {"credential_kind": CredentialKind.BEARER, "header": "", "credential": token.strip()}
    return {"credential_kind": CredentialKind.HEADER, "header": str(name).lower(), "credential": value}


# — server.json —


def _published(described: Mapping[str, Any], values: Mapping[str, Any]) -> Entry:
    """Its remote where it has one that is known, else its package. `values` fills in what the document asks for."""
    name = _slug(str(described.get("name", "")).rpartition("/")[2])
    about = {"name": name, "description": str(described.get("description", ""))[:MAX_SERVER_DESCRIPTION_CHARACTERS]}
    for remote in _objects(described, "remotes"):
        transport = _REMOTES.get(str(_of(remote, "type", "transportType")))
        if transport is not None:
            return Entry(**about, transport=transport, **_remote(remote, values))
    for package in _objects(described, "packages"):
        kind = str(_of(package, "registryType", "registryName"))
        spoken = package.get("transport")
        over = spoken.get("type", "stdio") if isinstance(spoken, Mapping) else "stdio"
        if kind in _RUNNERS and over == "stdio":
            return Entry(**about, transport=Transport.STDIO, **_package(package, kind, values))
    raise Invalid("It names no remote over HTTP and no package of npm or PyPI that speaks over stdio.")


def _remote(remote: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    headers = {}
    for header in _objects(remote, "headers"):
        text = _text(header, values)
        if text is not None:
            headers[str(header.get("name"))] = text
    address = _filled(str(remote.get("url", "")), remote, values)
    return {"address": address, **_credential(headers)}


def _package(package: Mapping[str, Any], kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    command, before = _RUNNERS[kind]
    identifier, version = package.get("identifier", package.get("name")), package.get("version")
    if not isinstance(identifier, str) or not identifier or identifier.startswith("-"):
        raise Invalid("Its package has no name.")
    hint = _of(package, "runtimeHint")
    if hint not in (None, "", command):
        raise Invalid(f"Its package wants {str(hint)[:40]}; the gateway starts packages of {kind} by {command}.")
    named = f"{identifier}@{version}" if isinstance(version, str) and version else identifier
    runtime = _arguments(_objects(package, "runtimeArguments"), values)
    own = _arguments(_objects(package, "packageArguments"), values)
    environment = {}
    for variable in _objects(package, "environmentVariables"):
        text = _text(variable, values)
        if text is not None:
            environment[str(variable.get("name"))] = text
    first = [one for one in before if one not in runtime]
    return {"command": command, "args": (*first, *runtime, named, *own), "environment": environment or None}


def _arguments(stated: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for argument in stated:
        text = _text(argument, values)
        if argument.get("type") == "named":
            name = str(argument.get("name", ""))
            if text is None and not _is_flag(argument):
                continue
            found += [name] if text is None else [name, text]
        elif text is not None:
            found.append(text)
    return found


def _is_flag(argument: Mapping[str, Any]) -> bool:
    """A named argument that wants no value."""
    return not any(_of(argument, name) for name in ("valueHint", "default", "description", "format", "choices"))


def _text(stated: Mapping[str, Any], values: Mapping[str, Any]) -> str | None:
    """What stands there: given, fixed or by default; None where nothing must. `Invalid` where something must."""
    name = str(stated.get("name") or _of(stated, "valueHint") or "")
    chosen = stated.get("value", values.get(name, stated.get("default")))
    if chosen is None or isinstance(chosen, (list, Mapping)):
        if _of(stated, "isRequired") is True:
            raise Invalid(f"It wants a value for {name[:80] or 'an argument'}; send it among values.")
        return None
    return _filled(str(chosen), stated, values)


def _filled(text: str, stated: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    """With the values of the variables that stand in braces."""
    variables = stated.get("variables")
    known = variables if isinstance(variables, Mapping) else {}

    def value(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in known:
            return found.group()
        filled = (
            _text({"name": name, "isRequired": True, **known[name]}, values)
            if isinstance(known[name], Mapping)
            else None
        )
        return filled or ""

    return _VARIABLE.sub(value, text)


def _objects(owner: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = _of(owner, name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _of(owner: Mapping[str, Any], *names: str) -> Any:
    """The first member of these names; each may be spelled with underscores."""
    for name in names:
        for spelled in (name, re.sub(r"[A-Z]", lambda one: "_" + one.group().lower(), name)):
            if spelled in owner:
                return owner[spelled]
    return None
