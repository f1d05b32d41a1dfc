"""What the System pages need from others."""

from typing import Protocol

from mno.observability.system.model import IngestSnapshot


class IngestMeters(Protocol):
    """The ingest's own meters; `snapshot` is cheap and may be called from any thread."""

    def snapshot(self) -> IngestSnapshot: ...
