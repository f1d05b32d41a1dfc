"""One approved call on its way to its server: everything that may have changed since it was asked for is asked again,
and then it is sent once.
"""

import asyncio
from dataclasses import replace
from uuid import UUID

from mno.mcp_gateway.calls.access import Access
from mno.mcp_gateway.calls.books import Books
from mno.mcp_gateway.calls.performing import Performing, Wanted
from mno.mcp_gateway.calls.written import begun, note_response, note_trouble
from mno.mcp_gateway.gated import rules
from mno.mcp_gateway.gated.model import MAX_GATED_RESPONSE_BYTES, GatedCall
from mno.mcp_gateway.gated.sealing import Sealing
from mno.mcp_gateway.model import ToolCall
from mno.mcp_gateway.offers.tools import Tool, Tools
from mno.mcp_gateway.policies.model import ToolTerms
from mno.mcp_gateway.policies.service import Policies
from mno.mcp_gateway.ports import Standing
from mno.mcp_gateway.protocol.message import Object
from mno.mcp_gateway.protocol.question import response_in
from mno.mcp_gateway.servers.service import Ready, Servers
from mno.mcp_gateway.ways.guarded import Guarded
from mno.platform.errors import LimitExceeded, MnoError, NotFound, TooLarge, Unavailable
from mno.platform.ids import shown

#: How long an approved call waits for a limit that it hits, in seconds.
LIMIT_WAIT_S = 120.0


class NotSentError(MnoError):
    """It was not carried out, and the message says why."""


class Carrying:
    """For one event loop."""

    def __init__(
        self,
        servers: Servers,
        tools: Tools,
        ways: Guarded,
        access: Access,
        policies: Policies,
        performing: Performing,
        books: Books,
        sealing: Sealing,
        standing: Standing,
    ) -> None:
        self._servers = servers
        self._tools = tools
        self._ways = ways
        self._access = access
        self._policies = policies
        self._performing = performing
        self._books = books
        self._sealing = sealing
        self._standing = standing

    async def response(self, call: GatedCall) -> Object:
        """The server's, which has `result` or `error`. `NotSentError` where nothing was sent; after any other error it
        may have been.
        """
        try:
            wanted, tool, terms = await self._wanted(call)
        except MnoError as error:
            raise NotSentError(str(error)) from None
        book = begun(wanted.principal, wanted.ready, wanted.tool, wanted.caps, wanted.headers)
        book.attributes["mno.mcp.approval"] = shown("apr", call.id)
        try:
            found = await self._sent(wanted, tool, terms, book)
            note_response(book, found, in_full=terms.records_results)
        except BaseException as error:
            note_trouble(book, error)
            if isinstance(error, LimitExceeded) and not isinstance(error, TooLarge):
                raise NotSentError(str(error)) from None
            raise
        finally:
            self._books.write_down(wanted.principal, wanted.ready, book, wanted.caps)
        return found

    async def _wanted(self, call: GatedCall) -> tuple[Wanted, Tool, ToolTerms]:
        """Whether the caller may still, whether the tool is still there and accepted."""
        self._books.check_room()
        principal = await self._standing.now(
            call.team_id, call.project_id, call.asker_kind, call.asker_id, call.asker_name
        )
        ready = self._same_server(call, (await self._servers.of_caller(principal)).get(call.server))
        self._access.check(principal, ready, call.tool)
        if not self._ways.lets_through(ready):
            raise Unavailable(f"'{call.server}' fails again and again and is left alone.")
        tool = await self._tools.tool(ready, call.tool)
        if tool is None:
            raise NotFound(f"'{call.server}' does not list '{call.tool}' any more, or its definition is not accepted.")
        caps, params = rules.caps_of(call), self._sealing.params_of(call)
        wanted = Wanted(principal, ready, call.tool, params, rules.headers_of(call), caps)
        terms = (await self._policies.of(call.team_id)).of(ready.server.name, wanted.name)
        cap = min(terms.result_bytes or MAX_GATED_RESPONSE_BYTES, MAX_GATED_RESPONSE_BYTES)
        # never sent twice, even where the operator says that it would be harmless
        return wanted, tool, replace(terms, retries=0, hinted_retries=0, result_bytes=cap)

    def _same_server(self, call: GatedCall, ready: Ready | None) -> Ready:
        found: UUID | None = None if ready is None else ready.server.id
        if ready is None or found != call.server_id:
            raise NotFound(f"The server '{call.server}' was removed or switched off.")
        return ready

    async def _sent(self, wanted: Wanted, tool: Tool, terms: ToolTerms, book: ToolCall) -> Object:
        """A limit that is hit before anything is sent is waited for."""
        loop = asyncio.get_running_loop()
        until = loop.time() + LIMIT_WAIT_S
        while True:
            try:
                return await response_in(self._performing.messages(wanted, terms, tool, book))
            except TooLarge:
                raise
            except LimitExceeded as error:
                wait_s = error.retry_after_s or 1
                if loop.time() + wait_s >= until:
                    raise
                await asyncio.sleep(wait_s)
