"""What the background could not do, for whoever runs the hub: parked facts and failed tasks, and another try.

Neither a fact's data nor a task's arguments are shown: they belong to teams.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from mno.platform.errors import Invalid
from mno.platform.facts import Parked
from mno.platform.http.gate import requires
from mno.platform.ids import parsed, shown
from mno.platform.outbox import Outbox
from mno.platform.principal import Principal
from mno.platform.tasks import Failed, Tasks

HubReader = Annotated[Principal, Depends(requires("hub.read"))]
HubWriter = Annotated[Principal, Depends(requires("hub.settings.write"))]


class ParkedShape(BaseModel):
    """A fact that a subscriber could not take."""

    id: str
    team: str | None
    subject: str
    kind: str
    subscriber: str
    published_at: datetime
    parked_at: datetime
    attempts: int
    error: str

    @classmethod
    def of(cls, parked: Parked) -> "ParkedShape":
        fact = parked.fact
        return cls(
            id=shown("fact", fact.id),
            team=shown("team", fact.team_id) if fact.team_id else None,
            subject=fact.subject,
            kind=fact.kind,
            subscriber=parked.subscriber,
            published_at=parked.published_at,
            parked_at=parked.parked_at,
            attempts=parked.attempts,
            error=parked.error,
        )


class ParkedList(BaseModel):
    items: list[ParkedShape]


class ReplayWish(BaseModel):
    subscriber: Annotated[str, Field(min_length=1, max_length=200, description="Who is to hear it again.")]


class FailedShape(BaseModel):
    """A task that failed for good."""

    id: str
    name: str
    attempts: int

    @classmethod
    def of(cls, failed: Failed) -> "FailedShape":
        return cls(id=f"task_{failed.id}", name=failed.name, attempts=failed.attempts)


class FailedList(BaseModel):
    items: list[FailedShape]


def router(outbox: Outbox, tasks: Tasks) -> APIRouter:
    routes = APIRouter(prefix="/api/background", tags=["background"])

    @routes.get("/parked")
    async def list_parked(_: HubReader) -> ParkedList:
        """The newest 200 facts that a subscriber could not take, of every team."""
        return ParkedList(items=[ParkedShape.of(one) for one in await outbox.parked()])

    @routes.post("/parked/{fact_id}/replay", status_code=204)
    async def replay(_: HubWriter, fact_id: str, wish: ReplayWish) -> None:
        """Delivers a parked fact to its subscriber again."""
        await outbox.replay(wish.subscriber, parsed("fact", fact_id))

    @routes.get("/failed")
    async def list_failed(_: HubReader) -> FailedList:
        """The newest 200 background tasks that failed for good."""
        return FailedList(items=[FailedShape.of(one) for one in await tasks.failed()])

    @routes.post("/failed/{task_id}/retry", status_code=204)
    async def retry(_: HubWriter, task_id: str) -> None:
        """Has a failed task done again."""
        number = task_id.removeprefix("task_")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            raise Invalid(f"'{task_id[:60]}' is not the id of a task.")
        await tasks.retry(int(number))

    return routes
