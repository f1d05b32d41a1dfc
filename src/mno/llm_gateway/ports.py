"""What the gateway needs from others, satisfied in bootstrap."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from mno.llm_gateway.model import Amounts, Call, KeyPolicy, ProjectRules, Usage
from mno.llm_gateway.pace.limits import Ticket
from mno.platform.database import Connection

#: The reservation of a call that no budget counts.
NOTHING_HELD = UUID(int=0)


class OwnSecrets(Protocol):
    """Where the credentials of providers lie, encrypted."""

    async def read_own(self, team_id: UUID | None, name: str) -> str | None: ...
    async def write_own(self, team_id: UUID | None, name: str, value: str, *, tx: Connection | None = None) -> None: ...
    async def delete_own(self, team_id: UUID | None, name: str, *, tx: Connection | None = None) -> bool: ...


class RulesOf(Protocol):
    """What is set for a project; asked at every call, so it must be quick."""

    def __call__(self, team_id: UUID, project_id: UUID) -> ProjectRules: ...


class Paces(Protocol):
    """What keys may ask at a time and in a minute."""

    async def admit(self, policy: KeyPolicy | None, name: str, tokens: int, lease_s: float) -> Ticket:
        """Lets a call of about `tokens` tokens in; `LimitExceeded` says which limit is hit and when it fits again."""
        ...

    async def close(self) -> None: ...


class Spans(Protocol):
    """Where calls are written down, and what they cost."""

    def check_room(self) -> None:
        """`LimitExceeded` while so many calls wait to be written down that another might be lost."""
        ...

    def record(self, call: Call) -> None:
        """Takes a finished call; it will be stored, whoever leaves. Never waits."""
        ...

    def cost_of(self, call: Call, usage: Usage) -> int | None:
        """What these tokens cost for that call, in nano-dollars; None where nobody knows the price."""
        ...


class Budgets(Protocol):
    """Reserve, forward, settle. A reservation that is never settled ends with its lease."""

    async def reserve(
        self,
        team_id: UUID,
        project_id: UUID,
        dimensions: Mapping[str, str],
        bound: Amounts,
        lease_s: float,
        *,
        started_at: datetime | None = None,
    ) -> UUID:
        """Holds an upper bound on every budget that these dimensions meet: user, session, agent, api_key, provider,
        model, environment and `tag:<name>`; NOTHING_HELD where they meet none. `started_at` is when the call's span
        begins. Raises a `LimitExceeded` that names the budget and its reset.
        """
        ...

    async def settle(self, reservation: UUID, actual: Amounts, *, estimated: bool) -> None: ...
    async def release(self, reservation: UUID) -> None: ...


class NoBudgets:
    """Where no budgets are kept: everything fits."""

    async def reserve(
        self,
        team_id: UUID,  # noqa: ARG002 - the protocol asks for them all
        project_id: UUID,  # noqa: ARG002
        dimensions: Mapping[str, str],  # noqa: ARG002
        bound: Amounts,  # noqa: ARG002
        lease_s: float,  # noqa: ARG002
        *,
        started_at: datetime | None = None,  # noqa: ARG002
    ) -> UUID:
        return NOTHING_HELD

    async def settle(self, reservation: UUID, actual: Amounts, *, estimated: bool) -> None:
        """Nothing was held."""

    async def release(self, reservation: UUID) -> None:
        """Nothing was held."""
