"""What the tools and prompts of a team's servers are called at `/mcp`, where all are offered at once. Pure.

What stands before the first underscore says the server: its prefix, or its name, which always leads to it as well.
Neither holds an underscore, and no prefix is the prefix or the name of another server.

A server whose prefix is empty offers its tools under their own names. A name that could then be another's is offered
with its server's name before it: one that two such servers have, and one that begins as those of another server do.
That is decided from the tools that are accepted, which all processes read in the same place, and not from who answers
just now: so a name leads to the same tool everywhere, and nobody takes over the name of a tool whose server is down.

These names are what clients see. Permissions, rules, caps and the audit log know a tool by `Ready.permission_name`,
which no prefix changes.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """Of one team, made once for each version of its servers."""

    #: By the name of the server.
    _prefixes: Mapping[str, str]
    #: Which server it is, by its prefix and by its name.
    _servers: Mapping[str, str]
    #: Whose they are, by the names of tools that have nothing before them.
    _bare: Mapping[str, str]

    @classmethod
    def of(cls, prefixes: Mapping[str, str], unprefixed: Mapping[str, Collection[str]]) -> "Names":
        """`prefixes` by server; `unprefixed` are the accepted tools of servers whose prefix is empty."""
        servers = {prefix: name for name, prefix in prefixes.items() if prefix} | {name: name for name in prefixes}
        offered = Counter(tool for tools in unprefixed.values() for tool in tools)
        bare = {
            tool: server
            for server, tools in unprefixed.items()
            for tool in tools
            if offered[tool] == 1 and not _is_ambiguous(tool, server, tools, servers)
        }
        return cls(prefixes, servers, bare)

    def tool(self, server: str, tool: str) -> str | None:
        """What a server's tool is called. None where these names are older than what is asked for: for a server that
        came since, and for a tool that came since while its name would be another's.
        """
        prefix = self._prefixes.get(server)
        if prefix:
            return f"{prefix}_{tool}"
        if prefix is None:
            return None
        if self._bare.get(tool) == server:
            return tool
        full = f"{server}_{tool}"
        return None if full in self._bare else full

    def prompt(self, server: str, prompt: str) -> str:
        """What a server's prompt is called. Which prompts there are is kept nowhere, so something always stands before
        them.
        """
        return f"{self._prefixes.get(server) or server}_{prompt}"

    def find_tool(self, name: str) -> tuple[str, str] | None:
        """The server and its own name of what is called so; None for what begins as those of no server."""
        return (self._bare[name], name) if name in self._bare else self.find(name)

    def find(self, name: str) -> tuple[str, str] | None:
        """The same of what has something before it, as prompts have."""
        head, _, rest = name.partition("_")
        server = self._servers.get(head)
        return None if server is None or not rest else (server, rest)


def _is_ambiguous(tool: str, server: str, tools: Collection[str], servers: Mapping[str, str]) -> bool:
    """Whether it begins as what a server offers: another's, or this one's with its name before it."""
    head, _, rest = tool.partition("_")
    owner = servers.get(head) if rest else None
    return owner is not None and (owner != server or rest in tools)


NO_NAMES = Names.of({}, {})
