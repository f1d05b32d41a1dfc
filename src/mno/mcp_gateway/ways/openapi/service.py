"""The documents of servers: fetched once where an address is given, kept, and read when their tools are needed."""

import asyncio
from dataclasses import replace
from uuid import UUID

import httpx

from mno.mcp_gateway import store
from mno.mcp_gateway.given import Given
from mno.mcp_gateway.model import MAX_DOCUMENT_CHARACTERS, Server
from mno.mcp_gateway.ways.openapi.document import read
from mno.mcp_gateway.ways.openapi.operations import Offered, offered
from mno.platform.database import Database
from mno.platform.egress import Egress, read_answer
from mno.platform.errors import Invalid, NotFound

#: Documents that one process has in memory, read.
MAX_READ_DOCUMENTS = 200


class Documents:
    """Of all teams."""

    def __init__(self, database: Database, egress: Egress) -> None:
        self._database = database
        self._egress = egress
        self._read: dict[UUID, tuple[str, Offered]] = {}

    async def offered(self, server: Server) -> Offered:
        """What a server's document offers; `NotFound` where it is gone, `Unavailable` without the database."""
        known = self._read.get(server.id)
        if known is not None and known[0] == server.document_digest:
            return known[1]
        async with self._database.transaction(server.team_id) as tx:
            kept = await store.document_of(tx, server.team_id, server.id)
        if kept is None:
            raise NotFound(f"The document of '{server.name}' is gone.")
        found = await asyncio.to_thread(lambda: offered(read(kept.decode())))
        if len(self._read) >= MAX_READ_DOCUMENTS:
            self._read.clear()
        self._read[server.id] = server.document_digest, found
        return found

    async def prepared(self, given: Given) -> Given:
        """With the document itself where its address is given, and the address that it names for the API; `Invalid` for
        a document of which nothing can be called.
        """
        if given.document is None and given.document_address is not None:
            given = replace(given, document=await self._fetched(given.document_address))
        if given.document is None:
            return given
        return replace(given, base=await asyncio.to_thread(_base, given.document, given.document_address or ""))

    async def _fetched(self, address: str) -> str:
        try:
            async with self._egress.client() as client, client.stream("GET", address) as answer:
                if answer.status_code != 200:
                    raise Invalid(f"The document cannot be had: its address answers with HTTP {answer.status_code}.")
                return (await read_answer(answer, MAX_DOCUMENT_CHARACTERS)).decode()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Invalid(f"The document cannot be had ({type(error).__name__}).") from None
        except UnicodeDecodeError:
            raise Invalid("The document is no text.") from None


def _base(text: str, address: str) -> str:
    document = read(text)
    found = offered(document)
    if not found.operations:
        why = f" {found.left[0]}" if found.left else ""
        raise Invalid(f"The document has no operation that can be a tool.{why}")
    return document.base(address)
