"""The wire shapes of settings."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from mno.settings.catalogue import words
from mno.settings.model import (
    MAX_CHANGES_AT_ONCE,
    MAX_NOTE_CHARACTERS,
    MAX_TRIAL_CHARACTERS,
    Difference,
    Effective,
    Revision,
)


class Words(BaseModel):
    title: str
    description: str


class SettingShape(BaseModel):
    """A setting as it holds in one place."""

    name: str
    kind: str
    unit: str
    choices: list[str]
    minimum: float | None
    maximum: float | None
    levels: list[str]
    at_once: bool = Field(description="Whether a change counts at once on every node; else after a restart.")
    awaits: str = Field(description="The system that will read it, where that has not come yet.")
    words: dict[str, Words] = Field(description="Title and description by language.")
    default: Any
    value: Any = Field(description="What holds here.")
    source: str | None = Field(description="The level that the value comes from; null for the default.")
    own: Any = Field(description="The value set here itself; null for none.")

    @classmethod
    def of(cls, held: Effective) -> "SettingShape":
        setting = held.setting
        return cls(
            name=setting.name,
            kind=setting.kind,
            unit=setting.unit,
            choices=list(setting.choices),
            minimum=setting.minimum,
            maximum=setting.maximum,
            levels=list(setting.levels),
            at_once=setting.at_once,
            awaits=setting.awaits,
            words={language: Words(**texts) for language, texts in words()[setting.name].items()},
            default=_plain(setting.default),
            value=_plain(held.value),
            source=held.source,
            own=held.own,
        )


class EnvironmentShape(BaseModel):
    """What the operator decided before the start: changed in the environment, effective after a restart."""

    name: str
    value: str = Field(description="Never a secret: of those it says only whether they are set.")


class SettingList(BaseModel):
    level: str
    revision: int = Field(description="The number of the last save; send it as `revision` with a change.")
    items: list[SettingShape]
    environment: list[EnvironmentShape] = Field(description="On the hub's level: its stores and addresses.")
    address: str = Field(description="Where the caller comes from, as address lists see it.")


class SettingsWish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    level: str = Field(description="hub, team or project.")
    values: Annotated[dict[str, Any], Field(max_length=MAX_CHANGES_AT_ONCE)] = Field(
        description="New values by name; null takes the place's own value away."
    )
    revision: int | None = Field(None, description="The revision this was decided on; 409 when there is a newer one.")
    note: Annotated[str, Field(max_length=MAX_NOTE_CHARACTERS)] = ""
    preview: bool = Field(False, description="Answer the difference, save nothing.")
    confirmed: bool = Field(False, description="Save an address list although it locks the caller out.")


class RollbackWish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    level: str
    to: Annotated[int, Field(ge=0)] = Field(description="The revision whose values shall hold again; 0: none.")
    preview: bool = False
    confirmed: bool = False


class DifferenceShape(BaseModel):
    name: str
    before: Any
    after: Any

    @classmethod
    def of(cls, change: Difference) -> "DifferenceShape":
        return cls(name=change.name, before=change.before, after=change.after)


class SavedShape(BaseModel):
    """What a save changed, or would change."""

    revision: int
    saved: bool
    changes: list[DifferenceShape]


class RevisionShape(BaseModel):
    revision: int
    at: datetime
    by: str
    note: str
    changes: list[DifferenceShape]

    @classmethod
    def of(cls, revision: Revision) -> "RevisionShape":
        return cls(
            revision=revision.number,
            at=revision.at,
            by=revision.by,
            note=revision.note,
            changes=[DifferenceShape.of(change) for change in revision.changes],
        )


class History(BaseModel):
    items: list[RevisionShape]
    next_before: int | None = Field(description="Send it as `before` for the next page; null at the end.")


class RedactionTrial(BaseModel):
    """A text to try rules on; rules that are left out are the project's own."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=MAX_TRIAL_CHARACTERS)]
    detectors: list[str] | None = None
    patterns: list[dict[str, str]] | None = None


class FoundShape(BaseModel):
    rule: str
    start: int = Field(description="The place in the text, in Unicode code points.")
    end: int
    replacement: str


class RedactionResult(BaseModel):
    text: str = Field(description="As it would be stored.")
    found: list[FoundShape]


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [dict(one) if isinstance(one, Mapping) else one for one in value]
    return value
