"""Alerts as one piece: what the program opens, and what routes and the outbox ask."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mno.observability.alerts.answering.service import Answering
from mno.observability.alerts.editing.service import Editing
from mno.observability.alerts.evaluation.service import Evaluation
from mno.observability.alerts.hearing.service import Hearing
from mno.observability.alerts.preview.service import Preview
from mno.observability.alerts.silences.service import Silences


@dataclass(frozen=True)
class Alerting:
    """People's side, and the program's own looks."""

    editing: Editing
    silences: Silences
    answering: Answering
    preview: Preview
    evaluation: Evaluation
    hearing: Hearing

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self.evaluation.running():
            yield
