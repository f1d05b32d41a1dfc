"""A way to servers whose credential is fetched or is each user's own: it is put in here, at the last moment, so that
nothing above knows it, remembers it, or mixes up two of them.
"""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import replace

from mno.mcp_gateway.credentials.held.service import Header, HeldCredentials
from mno.mcp_gateway.protocol.message import Object
from mno.mcp_gateway.protocol.question import CredentialRefused, Question
from mno.mcp_gateway.servers.service import Ready
from mno.mcp_gateway.ways.kinds import Way


class Credentialed:
    """Over the ways themselves."""

    def __init__(self, way: Way, held: HeldCredentials) -> None:
        self._way = way
        self._held = held

    def close(self) -> None:
        self._way.close()

    def version_at(self, ready: Ready) -> str:
        """The revision that is spoken with this server; empty where nobody knows yet."""
        if not self._held.is_needed(ready):
            return self._way.version_at(ready)
        credential = self._held.remembered(ready)
        return "" if credential is None else self._way.version_at(replace(ready, credential=credential))

    async def ask(self, ready: Ready, question: Question) -> AsyncGenerator[Object]:
        """As `Way.ask`; `CredentialWanted` where nobody has connected. What is refused is renewed once: a server that
        refuses the credential has not run the call.
        """
        is_needed, refused = self._held.is_needed(ready), None
        for is_last in (False, True):
            credential: Header | None = await self._held.of(ready, refused) if is_needed else ready.credential
            try:
                async with contextlib.aclosing(
                    self._way.ask(replace(ready, credential=credential), question)
                ) as messages:
                    async for one in messages:
                        yield one
                return
            except CredentialRefused:
                if is_last or not is_needed or await self._held.of(ready, credential) == credential:
                    raise
                refused = credential
