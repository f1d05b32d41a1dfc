"""Clients that are known by the address of a document about themselves: fetched, checked, and believed for minutes.

Only people who are signed in make the hub fetch one, and never from an address that the guard refuses.

Source: the draft "OAuth Client ID Metadata Document".
"""

import asyncio
import time

from mno.identity.oauth.model import (
    CLIENT_DOCUMENT_MEMORY_S,
    CLIENT_DOCUMENT_TIMEOUT_S,
    MAX_CLIENT_DOCUMENT_BYTES,
    MAX_REMEMBERED_DOCUMENTS,
    Client,
    OauthRefusal,
)
from mno.identity.oauth.rules import check_document_address, client_of
from mno.identity.sign_in.outside.calls import Calls
from mno.platform.errors import Invalid, Unavailable


class Documents:
    """Over calls whose transport decides which addresses may be reached; for one event loop."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._known: dict[str, tuple[Client, float]] = {}

    async def client(self, client_id: str) -> Client:
        """`OauthRefusal` for a document that cannot be had, or that is about somebody else."""
        known = self._known.get(client_id)
        if known is not None and time.monotonic() - known[1] < CLIENT_DOCUMENT_MEMORY_S:
            return known[0]
        check_document_address(client_id)
        found = client_of(client_id, await self._fetched(client_id))
        if len(self._known) >= MAX_REMEMBERED_DOCUMENTS:
            self._known.clear()
        self._known[client_id] = found, time.monotonic()
        return found

    async def _fetched(self, client_id: str) -> dict[str, object]:
        try:
            async with asyncio.timeout(CLIENT_DOCUMENT_TIMEOUT_S):
                document = await self._calls.get(client_id, limit=MAX_CLIENT_DOCUMENT_BYTES)
        except (Invalid, Unavailable) as error:
            raise OauthRefusal("invalid_client", f"The client's document cannot be read: {error}") from None
        except TimeoutError:
            raise OauthRefusal("invalid_client", "The client's document takes too long to read.") from None
        if not isinstance(document, dict) or document.get("client_id") != client_id:
            raise OauthRefusal("invalid_client", "The document at the client's address is about another client.")
        return document
