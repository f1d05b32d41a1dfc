"""What anomalies need from others: the way out for facts."""

from typing import Protocol

from mno.platform.database import Connection
from mno.platform.facts import Fact


class Facts(Protocol):
    """Tells a fact when the transaction commits."""

    async def publish(self, tx: Connection, fact: Fact) -> None: ...
