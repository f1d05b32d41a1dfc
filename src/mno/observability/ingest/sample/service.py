"""Loads the bundled trace through the same door as everybody's events, in the background, once a day.

The requests and their token counts are real (data/ATTRIBUTION); provider, model, user, session and duration
are synthetic, and the times are shifted so that the last request is now.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from mno.observability.ingest.replay import Replay, read_file
from mno.platform import clock
from mno.platform.errors import LimitExceeded, MnoError, Unavailable
from mno.platform.ids import new_id, shown
from mno.platform.paths import packaged
from mno.platform.principal import Principal

PROVIDER = "openai"
MODEL = "gpt-4o"
USERS = 40
ATTRIBUTION = (
    "Azure LLM Inference Trace 2023 (code), Microsoft, Splitwise (Patel et al., ISCA 2024), CC BY 4.0: "
    "8,819 real requests. Provider, model, user, session and duration are synthetic; times are shifted."
)
_BATCH = 500
_MOST_WAITS = 600

_log = logging.getLogger(__name__)


class Submit(Protocol):
    """Takes native token events (POST /api/usage-events) for the principal's project; returns after the commit."""

    async def __call__(self, principal: Principal, events: list[dict[str, Any]], /) -> None: ...


@dataclass(frozen=True, slots=True)
class Loading:
    """How far a load has come. `state` is idle, running, done or failed."""

    id: str = ""
    state: str = "idle"
    total: int = 0
    sent: int = 0
    synthetic: tuple[str, ...] = ()
    error: str = ""


class Sample:
    """One load at a time for a project; its last state is remembered until the program ends."""

    def __init__(self, submit: Submit) -> None:
        self._submit = submit
        self._loadings: dict[tuple[UUID, UUID], Loading] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Ends what is still loading when the program stops."""
        try:
            yield
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def state(self, principal: Principal) -> Loading:
        return self._loadings.get(_project_of(principal), Loading())

    async def load(self, principal: Principal) -> Loading:
        """Starts a load, or names the one that runs. A second load of a day adds nothing: events have fixed ids."""
        project = _project_of(principal)
        if self.state(principal).state == "running":
            return self.state(principal)
        self._loadings[project] = Loading(shown("job", new_id()), "running")
        task = asyncio.create_task(self._run(principal))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return self.state(principal)

    async def _run(self, principal: Principal) -> None:
        try:
            replay = await asyncio.to_thread(read_sample)
            self._note(principal, total=len(replay), synthetic=replay.synthetic)
            for start, events in replay.batches(_BATCH):
                await self._submit_patiently(principal, events)
                self._note(principal, sent=start + len(events))
            self._note(principal, state="done")
        except asyncio.CancelledError:
            self._note(principal, state="failed", error="The program was stopped.")
            raise
        except MnoError as error:
            self._note(principal, state="failed", error=str(error))
        except Exception:  # noqa: BLE001 - a background task has no caller: whatever went wrong must be seen in the state
            _log.exception("Loading the sample failed")
            self._note(principal, state="failed", error="Something in the program is wrong; its log says more.")

    async def _submit_patiently(self, principal: Principal, events: list[dict[str, Any]]) -> None:
        """Waits, as any client would, while ingest says that it is busy."""
        for _ in range(_MOST_WAITS):
            try:
                return await self._submit(principal, events)
            except (LimitExceeded, Unavailable) as busy:
                await asyncio.sleep(busy.retry_after_s or 1)
        raise Unavailable("Ingest stays too busy to take the sample; try again later.")

    def _note(self, principal: Principal, **changes: Any) -> None:
        project = _project_of(principal)
        self._loadings[project] = replace(self._loadings[project], **changes)


def read_sample() -> Replay:
    """The bundled trace as token events."""
    file = Path(str(packaged("observability", "ingest", "sample", "data", "azure-llm-code-2023.csv.gz")))
    today = f"sample-{clock.now():%Y%m%d}"
    return Replay.of(
        read_file(file), provider=PROVIDER, model=MODEL, users=USERS, source="azure-llm-code-2023", run=today
    )


def _project_of(principal: Principal) -> tuple[UUID, UUID]:
    return principal.team_id, principal.project_id
