"""What a server's entry must keep to: pure."""

import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from mno.mcp_gateway.model import (
    MAX_CALLS_PER_MINUTE,
    MAX_CONCURRENT_CALLS,
    MAX_OAUTH_CLIENT_CHARACTERS,
    MAX_RESULT_BYTES,
    MAX_SERVER_ADDRESS_CHARACTERS,
    MAX_SERVER_CREDENTIAL_CHARACTERS,
    MAX_SERVER_DESCRIPTION_CHARACTERS,
    MAX_SERVER_TAG_CHARACTERS,
    MAX_SERVER_TAGS,
    MAX_SERVER_TIMEOUT_S,
    CredentialKind,
    CredentialScope,
    Server,
    Transport,
)
from mno.mcp_gateway.ways.stdio.rules import check_program
from mno.platform.errors import Conflict, Invalid

#: Names of the hub's own servers, those to come among them.
RESERVED = frozenset(
    {"monitoring", "admin", "learning", "artifacts", "supply-chain", "memory", "agents", "logs", "registry", "mno"}
)
#: Headers that the protocol or the connection decides.
_NOT_A_CREDENTIAL = frozenset(
    {
        "host", "content-length", "content-type", "accept", "accept-encoding", "connection", "transfer-encoding",
        "upgrade", "te", "trailer", "expect", "keep-alive", "mcp-session-id", "mcp-protocol-version", "mcp-method",
        "mcp-name", "last-event-id", "traceparent", "tracestate",
    }
)  # fmt: skip
_FETCHED = (CredentialKind.OAUTH, CredentialKind.CLIENT_CREDENTIALS)
# no underscore: it stands between a server's name and that of its tool
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_HEADER = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,100}")


def checked(server: Server) -> Server:
    """The entry as it is kept, or `Invalid` with what is wrong."""
    _check_name(server.name)
    _check_prefix(server.prefix)
    if server.transport is Transport.STDIO:
        check_program(server)
    else:
        _check_address(server.address)
        if server.command or server.args or server.folder or server.env_names:
            raise Invalid("Only a server of the kind stdio has a command, arguments, a folder and an environment.")
    if server.transport is Transport.STDIO and server.credential_kind is not CredentialKind.NONE:
        raise Invalid("A program is given its credentials in its environment.")
    _check_credential_header(server.credential_kind, server.header)
    _check_oauth(server)
    if len(server.description) > MAX_SERVER_DESCRIPTION_CHARACTERS:
        raise Invalid(f"A description has {MAX_SERVER_DESCRIPTION_CHARACTERS} characters at most.")
    if len(server.tags) > MAX_SERVER_TAGS or not all(0 < len(tag) <= MAX_SERVER_TAG_CHARACTERS for tag in server.tags):
        raise Invalid(f"A server has {MAX_SERVER_TAGS} tags at most, of {MAX_SERVER_TAG_CHARACTERS} characters each.")
    _check_range("timeout_s", server.timeout_s, MAX_SERVER_TIMEOUT_S)
    _check_range("concurrent_calls", server.concurrent_calls, MAX_CONCURRENT_CALLS)
    _check_range("result_bytes", server.result_bytes, MAX_RESULT_BYTES)
    if server.calls_per_minute is not None:
        _check_range("calls_per_minute", server.calls_per_minute, MAX_CALLS_PER_MINUTE)
    # a prefix that is the name follows it
    return replace(server, prefix=None) if server.prefix == server.name else server


def checked_credential(credential: str) -> str:
    if not credential.isascii() or not credential.isprintable() or credential != credential.strip():
        raise Invalid("A credential is one line of plain ASCII.")
    if not 0 < len(credential) <= MAX_SERVER_CREDENTIAL_CHARACTERS:
        raise Invalid(f"A credential has 1 to {MAX_SERVER_CREDENTIAL_CHARACTERS} characters.")
    return credential


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise Invalid("A server's name has 1 to 40 lower-case letters, digits and dashes, such as github or my-files.")
    if name in RESERVED:
        raise Invalid(f"The name '{name}' is kept for a server of the hub's own; choose another, such as my-{name}.")


def _check_prefix(prefix: str | None) -> None:
    if prefix and not _NAME.fullmatch(prefix):
        raise Invalid(
            "A prefix has 1 to 40 lower-case letters, digits and dashes, such as gh; leave it empty to put nothing"
            " before the server's tools."
        )
    if prefix in RESERVED:
        raise Invalid(
            f"The prefix '{prefix}' is kept for a server of the hub's own; choose another, such as my-{prefix}."
        )


def check_free(server: Server, known: Sequence[Server]) -> None:
    """`Conflict` where another server has its name or its prefix: what stands before a tool says one server."""
    for one in known:
        if one.id == server.id:
            continue
        if server.name == one.name:
            raise Conflict(f"There is an MCP server '{server.name}' already.")
        if server.name == one.tool_prefix:
            raise Conflict(
                f"'{server.name}' is the prefix of the server '{one.name}'; choose another name, or give that server"
                " another prefix first."
            )
        if server.tool_prefix and server.tool_prefix in (one.name, one.tool_prefix):
            what = "name" if server.tool_prefix == one.name else "prefix"
            raise Conflict(f"'{server.tool_prefix}' is the {what} of the server '{one.name}'; choose another prefix.")


def _check_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        port_is_fine = parts.port != 0
    except ValueError:
        raise Invalid("The address must be an http or https address, such as https://example.com/mcp.") from None
    plain = address.isascii() and address.isprintable() and " " not in address and "\\" not in address
    if not (plain and port_is_fine) or parts.scheme not in ("http", "https") or not parts.hostname:
        raise Invalid("The address must be an http or https address, such as https://example.com/mcp.")
    if len(address) > MAX_SERVER_ADDRESS_CHARACTERS:
        raise Invalid(f"An address has {MAX_SERVER_ADDRESS_CHARACTERS} characters at most.")
    if parts.fragment or "@" in parts.netloc:
        raise Invalid("The address may hold no fragment and no credential.")


def _check_credential_header(kind: CredentialKind, header: str) -> None:
    if kind is not CredentialKind.HEADER:
        if header:
            raise Invalid("Only a credential of the kind 'header' names a header.")
    elif not _HEADER.fullmatch(header) or header in _NOT_A_CREDENTIAL:
        raise Invalid("The credential needs a header of its own, such as x-api-key.")


def _check_oauth(server: Server) -> None:
    kind, told = server.credential_kind, f"{server.oauth_client_id} {server.oauth_scopes}"
    if kind in _FETCHED and server.transport not in (Transport.HTTP, Transport.SSE):
        raise Invalid(f"A credential of the kind {kind} is for servers that speak MCP over HTTP.")
    if kind not in _FETCHED and told.strip():
        raise Invalid("Only a credential of the kind oauth or client_credentials has a client id and scopes.")
    if not told.isascii() or not told.isprintable() or len(told) > MAX_OAUTH_CLIENT_CHARACTERS:
        raise Invalid(f"Client id and scopes are plain ASCII of {MAX_OAUTH_CLIENT_CHARACTERS} characters at most.")
    if kind is CredentialKind.CLIENT_CREDENTIALS and not server.oauth_client_id:
        raise Invalid("A credential of the kind client_credentials needs the hub's client id.")
    if server.credential_scope is CredentialScope.USER and kind in (
        CredentialKind.NONE, CredentialKind.CLIENT_CREDENTIALS,
    ):  # fmt: skip
        raise Invalid("Each user brings a credential of their own of the kind bearer, header or oauth.")


def _check_range(name: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise Invalid(f"{name} is 1 to {most}.")
