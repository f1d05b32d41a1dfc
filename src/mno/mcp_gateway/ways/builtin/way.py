"""The way to the hub's own servers: no wire lies between, and what a caller may not do is neither listed nor done."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from mno.mcp_gateway.model import Server, Transport
from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import MODERN, Object, Raw
from mno.mcp_gateway.protocol.question import Question, ServerTrouble
from mno.mcp_gateway.rules import RESERVED
from mno.mcp_gateway.servers.service import Ready
from mno.mcp_gateway.ways.builtin.definitions import answered, definition, failed, full_name, wish_of
from mno.platform.clock import now
from mno.platform.errors import Denied, Invalid, LimitExceeded, NotFound, TooLarge
from mno.platform.hub_tools import HubServer, HubTool
from mno.platform.upstream.pool import Origin

_NOWHERE = Origin(secure=False, host="", port=0)


class Builtin:
    """All of them."""

    def __init__(self) -> None:
        self._servers: dict[str, HubServer] = {}
        self._tools: dict[tuple[str, str], HubTool[Any, Any]] = {}
        self._began = now()
        # made when they are first asked for: most processes never are
        self._lists: dict[str, Raw] = {}

    def add(self, server: HubServer) -> None:
        """Before anybody asks."""
        assert server.name in RESERVED
        self._servers[server.name] = server
        self._tools |= {(server.name, full_name(server.name, tool.name)): tool for tool in server.tools}

    @property
    def servers(self) -> Sequence[HubServer]:
        """In the order in which they were added."""
        return tuple(self._servers.values())

    def close(self) -> None:
        """Nothing is open."""

    def of(self, team_id: UUID) -> Mapping[str, Ready]:
        """Each, as one of this team's."""
        return {name: self._ready(server, team_id) for name, server in self._servers.items()}

    def version_at(self, ready: Ready) -> str:  # noqa: ARG002 - as every way has it
        return MODERN

    async def ask(self, ready: Ready, question: Question) -> AsyncGenerator[Object]:
        """As `Way.ask`. `Denied` where the caller lacks the tool's permission, `NotFound` for no tool of ours."""
        match question.method:
            case "tools/list":
                yield {"result": self._list(ready.server.name)}
            case "tools/call":
                yield {"result": await self._called(ready, question)}
            case _:
                told = {
                    "code": message.METHOD_NOT_FOUND,
                    "message": f"The hub's own servers know no {question.method}.",
                }
                yield {"error": Raw(message.encoded(told))}

    def _ready(self, server: HubServer, team_id: UUID) -> Ready:
        entry = Server(
            id=uuid5(team_id, f"mcp/{server.name}"),
            team_id=team_id,
            name=server.name,
            address="",
            created_at=self._began,
            transport=Transport.BUILTIN,
            description=server.description,
        )
        needed = {full_name(server.name, tool.name): tool.permission for tool in server.tools}
        return Ready(entry, _NOWHERE, "", "", None, needed)

    def _list(self, name: str) -> Raw:
        if name not in self._lists:
            server = self._servers[name]
            tools = [definition(server, tool) for tool in server.tools]
            self._lists[name] = Raw(message.encoded({"tools": tools, "resultType": "complete"}))
        return self._lists[name]

    async def _called(self, ready: Ready, question: Question) -> Raw:
        tool = self._tools.get((ready.server.name, question.name or ""))
        if tool is None:
            raise NotFound(f"Unknown tool: {question.name}")
        principal = question.principal
        if principal is None or not principal.may(tool.permission):
            raise Denied(f"The tool '{question.name}' takes {tool.permission}.")
        try:
            async with asyncio.timeout(question.timeout_s):
                found = answered(tool, await tool.run(principal, wish_of(tool, question.params.get("arguments"))))
        except TimeoutError:
            raise ServerTrouble(f"'{question.name}' took longer than {question.timeout_s:g} seconds.") from None
        except TooLarge:
            raise
        except (Invalid, NotFound, LimitExceeded) as error:
            return Raw(failed(str(error)))  # a model reads it and asks better
        if len(found) > question.answer_bytes:
            raise TooLarge(f"The answer has {len(found)} bytes; {question.answer_bytes} is the limit. Ask for less.")
        return Raw(found)
