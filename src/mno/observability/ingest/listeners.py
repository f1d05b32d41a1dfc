"""Several who hear of what the span store has taken: each is told, one after another."""

from collections.abc import Sequence
from dataclasses import dataclass

from mno.observability.ingest.writer import CommitListener, Deliveries


@dataclass(frozen=True, slots=True)
class Listeners:
    """A `CommitListener` that stands for others."""

    everyone: Sequence[CommitListener]

    def committed(self, deliveries: Deliveries) -> None:
        for listener in self.everyone:
            listener.committed(deliveries)

    def settled(self) -> None:
        for listener in self.everyone:
            listener.settled()
