"""System settings over HTTP: list, change with a preview, history, rollback."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from mno.platform import origin
from mno.platform.errors import Invalid
from mno.platform.http.gate import requires_on_target
from mno.platform.principal import Principal
from mno.platform.scope import Level
from mno.settings.schemas import (
    DifferenceShape,
    EnvironmentShape,
    FoundShape,
    History,
    RedactionResult,
    RedactionTrial,
    RevisionShape,
    RollbackWish,
    SavedShape,
    SettingList,
    SettingShape,
    SettingsWish,
)
from mno.settings.service import PAGE, Settings

#: On the hub it takes hub.settings.read or write instead: the service asks, as the level decides.
Reader = Annotated[Principal, Depends(requires_on_target("settings.read"))]
Writer = Annotated[Principal, Depends(requires_on_target("settings.write"))]
AskedLevel = Annotated[str, Query(description="hub, team or project.")]


def router(settings: Settings, environment: Sequence[tuple[str, str]]) -> APIRouter:
    routes = APIRouter(prefix="/api/config/system", tags=["settings"])

    @routes.get("")
    async def list_settings(reader: Reader, level: AskedLevel = "team") -> SettingList:
        """Every setting that can be set on a level, with what holds there and where that comes from."""
        items, revision = await settings.listing(reader, _level(level))
        shown = environment if level == Level.HUB else ()
        return SettingList(
            level=level,
            revision=revision,
            items=[SettingShape.of(item) for item in items],
            environment=[EnvironmentShape(name=name, value=value) for name, value in shown],
            address=origin.current().address,
        )

    @routes.put("")
    async def change(writer: Writer, wish: SettingsWish) -> SavedShape:
        """Changes settings; with `preview` only the difference is answered."""
        changes, revision = await settings.change(
            writer,
            _level(wish.level),
            wish.values,
            expected=wish.revision,
            note=wish.note,
            preview=wish.preview,
            confirmed=wish.confirmed,
        )
        return _saved(changes, revision, preview=wish.preview)

    @routes.get("/history")
    async def history(
        reader: Reader, level: AskedLevel = "team", before: Annotated[int | None, Query(ge=1)] = None
    ) -> History:
        """Who changed what, newest first."""
        found = await settings.history(reader, _level(level), before, PAGE)
        following = found[-1].number if len(found) == PAGE else None
        return History(items=[RevisionShape.of(revision) for revision in found], next_before=following)

    @routes.post("/rollback")
    async def roll_back(writer: Writer, wish: RollbackWish) -> SavedShape:
        """Makes the values what they were after an earlier save; with `preview` only the difference is answered."""
        changes, revision = await settings.roll_back(
            writer, _level(wish.level), wish.to, preview=wish.preview, confirmed=wish.confirmed
        )
        return _saved(changes, revision, preview=wish.preview)

    @routes.post("/redaction/trial")
    async def try_redaction(reader: Reader, trial: RedactionTrial) -> RedactionResult:
        """What redaction would do to a text; nothing is stored."""
        text, found = await settings.try_redaction(reader, trial.text, trial.detectors, trial.patterns)
        return RedactionResult(text=text, found=[FoundShape(**one._asdict()) for one in found])

    return routes


def _level(text: str) -> Level:
    if text not in (Level.HUB, Level.TEAM, Level.PROJECT):
        raise Invalid(f"'{text[:40]}' is no level of settings; it may be hub, team or project.")
    return Level(text)


def _saved(changes: Sequence[object], revision: int, *, preview: bool) -> SavedShape:
    shapes = [DifferenceShape.of(change) for change in changes]  # type: ignore[arg-type]
    return SavedShape(revision=revision, saved=bool(changes) and not preview, changes=shapes)
