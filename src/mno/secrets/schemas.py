"""The wire shapes of the runtime environment. A secret's value comes in and never goes out."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from mno.platform.ids import parsed, shown
from mno.platform.scope import Level, Scope
from mno.secrets.keys.model import HUB
from mno.secrets.rotation.model import Rotation
from mno.secrets.runtime.model import (
    MAX_ENTRY_NAME_CHARACTERS,
    MAX_PURPOSE_CHARACTERS,
    MAX_SCOPE_NAME_CHARACTERS,
    Changed,
    Entry,
    Kind,
    Protection,
    Version,
    Wish,
)
from mno.secrets.runtime.service import History
from mno.secrets.runtime.wire import entry_id
from mno.secrets.secret import Secret

ScopeLevel = Literal["team", "project", "agent", "task"]


class ScopeShape(BaseModel):
    """Where an entry holds: the team, a project, or one agent or task of a project."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    level: ScopeLevel
    project: Annotated[str | None, Field(max_length=60, description="`prj_…`, from the project down.")] = None
    name: Annotated[str, Field(max_length=MAX_SCOPE_NAME_CHARACTERS, description="Of the agent or task.")] = ""

    def scope(self, team_id: UUID) -> Scope:
        project = parsed("prj", self.project) if self.project else None
        return Scope(Level(self.level), team_id, project, self.name)

    @classmethod
    def of(cls, scope: Scope) -> "ScopeShape":
        level: Any = str(scope.level)
        return cls(level=level, project=shown("prj", scope.project_id) if scope.project_id else None, name=scope.name)


class EntryWish(BaseModel):
    """What is to be there. Without `value` the present one stays, and only the purpose changes."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    scope: ScopeShape
    name: Annotated[str, Field(max_length=MAX_ENTRY_NAME_CHARACTERS)]
    kind: Kind
    purpose: Annotated[str, Field(max_length=MAX_PURPOSE_CHARACTERS)]
    value: Annotated[SecretStr | None, Field(description="Text of 1 to 32,768 bytes. Never answered for a secret.")] = (
        None
    )
    version: Annotated[
        int | None, Field(ge=0, description="The version that this is based on; 0 where nothing may be there yet.")
    ] = None

    def wish(self, team_id: UUID) -> Wish:
        value = Secret(self.value.get_secret_value()) if self.value is not None else None
        return Wish(self.scope.scope(team_id), self.name, self.kind, self.purpose, value, self.version)


class EntryShape(BaseModel):
    """`value` is a variable's; of a secret it is always null."""

    id: str
    scope: ScopeShape
    name: str
    kind: Kind
    purpose: str
    value: str | None
    version: int
    created_at: datetime
    created_by: str
    rotated_at: datetime = Field(description="When the value was last set.")
    rotated_by: str

    @classmethod
    def of(cls, entry: Entry) -> "EntryShape":
        return cls(
            id=entry_id(entry),
            scope=ScopeShape.of(entry.scope),
            name=entry.name,
            kind=entry.kind,
            purpose=entry.purpose,
            value=entry.plain if entry.kind is Kind.VARIABLE else None,
            version=entry.version,
            created_at=entry.created_at,
            created_by=entry.created_by,
            rotated_at=entry.rotated_at,
            rotated_by=entry.rotated_by,
        )


class EntryList(BaseModel):
    items: list[EntryShape]
    next_cursor: str | None


class ChangeShape(BaseModel):
    """Done (`entry`; null where it was deleted), or waiting for a second person (`approval`)."""

    state: Literal["done", "waiting"]
    entry: EntryShape | None
    approval: str | None = Field(description="`apr_…`: see /api/approvals.")

    @classmethod
    def of(cls, changed: Changed) -> "ChangeShape":
        return cls(
            state="waiting" if changed.approval_id else "done",
            entry=EntryShape.of(changed.entry) if changed.entry else None,
            approval=shown("apr", changed.approval_id) if changed.approval_id else None,
        )


class VersionShape(BaseModel):
    """When a version was set and by whom; only the present one's value is kept."""

    version: int
    kind: Kind
    set_at: datetime
    set_by: str

    @classmethod
    def of(cls, version: Version) -> "VersionShape":
        return cls(version=version.number, kind=version.kind, set_at=version.set_at, set_by=version.set_by)


class HistoryShape(BaseModel):
    """`entries` are those of the audit log, the newest first, in its form."""

    versions: list[VersionShape]
    entries: list[dict[str, Any]]
    next_cursor: str | None

    @classmethod
    def of(cls, history: History) -> "HistoryShape":
        versions = [VersionShape.of(version) for version in history.versions]
        return cls(versions=versions, entries=history.entries, next_cursor=history.next_cursor)


class ProtectionWish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    project: Annotated[str | None, Field(max_length=60, description="`prj_…`; null for the team's own scope.")] = None
    second_person: Annotated[bool, Field(description="A second person confirms every addition, change and deletion.")]
    fresh_factor: Annotated[bool, Field(description="Whoever changes has shown a second factor minutes ago.")]

    def protection(self) -> Protection:
        project = parsed("prj", self.project) if self.project else None
        return Protection(project, self.second_person, self.fresh_factor)


class ProtectionShape(BaseModel):
    """What adding, changing and deleting demands; `approval` where a second person must first agree to less."""

    project: str | None
    second_person: bool
    fresh_factor: bool
    updated_at: datetime | None
    updated_by: str
    approval: str | None = None

    @classmethod
    def of(cls, found: Protection, approval_id: UUID | None = None) -> "ProtectionShape":
        return cls(
            project=shown("prj", found.project_id) if found.project_id else None,
            second_person=found.second_person,
            fresh_factor=found.fresh_factor,
            updated_at=found.updated_at,
            updated_by=found.updated_by,
            approval=shown("apr", approval_id) if approval_id else None,
        )


class RotationShape(BaseModel):
    """`done` counts values that were encrypted anew (of a master key: data keys that were wrapped anew)."""

    id: str
    of: Literal["team", "hub"]
    kind: str = Field(description="`data_key` or `master_key`.")
    state: str = Field(description="`running`, `done` or `failed`.")
    done: int
    error: str
    created_at: datetime
    created_by: str
    ended_at: datetime | None

    @classmethod
    def from_rotation(cls, found: Rotation) -> "RotationShape":
        return cls(
            id=shown("rot", found.id),
            of="hub" if found.team_id == HUB else "team",
            kind=str(found.kind),
            state=str(found.state),
            done=found.done,
            error=found.error,
            created_at=found.created_at,
            created_by=found.created_by,
            ended_at=found.ended_at,
        )


class RotationList(BaseModel):
    items: list[RotationShape]
