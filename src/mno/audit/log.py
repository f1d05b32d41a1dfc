"""The whole audit log as one piece: what the program opens and builds its routes on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mno.audit.anchoring.service import Anchoring
from mno.audit.queries import AuditQueries
from mno.audit.retention.service import Retention
from mno.audit.service import Audit
from mno.audit.streams.service import Streams
from mno.audit.verification.service import Verifications


@dataclass(frozen=True, slots=True)
class AuditLog:
    """`audit` is what other features know of it."""

    audit: Audit
    queries: AuditQueries
    anchoring: Anchoring
    verifications: Verifications
    retention: Retention
    streams: Streams

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """First in, last out: what others do while they stop is still written, and anchored at the very end."""
        async with (
            self.anchoring.running(),
            self.audit.running(),
            self.verifications.running(),
            self.retention.running(),
            self.streams.running(),
        ):
            yield
