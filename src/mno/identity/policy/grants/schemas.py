"""Wire shapes of grants and of answers to why."""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from mno.identity.policy.explain import Explanation, Reason
from mno.identity.policy.grants.service import GrantWish, ListedGrant
from mno.identity.policy.model import MAX_SCOPE_NAME_CHARACTERS, Effect, Grant, SubjectKind
from mno.platform.errors import Invalid
from mno.platform.ids import parsed, shown
from mno.platform.scope import Level

_KINDS = {"usr": SubjectKind.USER, "grp": SubjectKind.GROUP, "key": SubjectKind.API_KEY}
_PREFIXES = {kind: prefix for prefix, kind in _KINDS.items()}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Id = Annotated[str, Field(max_length=60)]


def parsed_subject(text: str) -> tuple[SubjectKind, UUID]:
    """A user, group or key by its id; `Invalid` for an id of anything else."""
    prefix = text.partition("_")[0]
    if prefix not in _KINDS:
        raise Invalid(f"'{text[:60]}' names no user (usr_…), group (grp_…) or key (key_…).")
    return _KINDS[prefix], parsed(prefix, text)


class ScopeShape(BaseModel):
    """A place: the hub, the team, a project, or an agent, tool or task of a project."""

    level: Level
    project: Id | None = Field(default=None, description="Of project, agent, tool and task.")
    name: Annotated[str, Field(max_length=MAX_SCOPE_NAME_CHARACTERS)] = Field(
        default="", description="The name of the agent, tool or task."
    )

    @classmethod
    def of(cls, grant: Grant) -> "ScopeShape":
        project = shown("prj", grant.project_id) if grant.project_id else None
        return cls(level=grant.scope_kind, project=project, name=grant.scope_id)


class GrantShape(BaseModel):
    id: str
    subject: str = Field(description="usr_…, grp_… or key_….")
    subject_name: str
    role: str
    role_name: str
    effect: Effect
    scope: ScopeShape
    project_name: str
    created_at: datetime | None
    created_by: str

    @classmethod
    def of(cls, listed: ListedGrant) -> "GrantShape":
        grant = listed.grant
        return cls(
            id=shown("grant", grant.id),
            subject=shown(_PREFIXES[grant.subject_kind], grant.subject_id),
            subject_name=listed.subject_name,
            role=shown("role", grant.role_id),
            role_name=listed.role_name,
            effect=grant.effect,
            scope=ScopeShape.of(grant),
            project_name=listed.project_name,
            created_at=grant.created_at,
            created_by=grant.created_by,
        )


class GrantList(BaseModel):
    items: list[GrantShape]
    next_cursor: str | None

    @classmethod
    def of(cls, found: list[ListedGrant], limit: int) -> "GrantList":
        """Of one more grant than was asked for, if there are more."""
        more = len(found) > limit
        items = found[:limit]
        return cls(
            items=[GrantShape.of(listed) for listed in items],
            next_cursor=cursor_after(items[-1].grant) if more else None,
        )


def cursor_after(grant: Grant) -> str:
    assert grant.created_at is not None
    microseconds = (grant.created_at - _EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(grant.id.bytes + microseconds.to_bytes(8, "big")).decode().rstrip("=")


def parsed_cursor(cursor: str) -> tuple[datetime, UUID] | None:
    """None for the first page; `Invalid` for a cursor that is none of ours."""
    if not cursor:
        return None
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        microseconds = int.from_bytes(packed[16:], "big")
        if len(packed) != 24 or microseconds > 2**53:
            raise ValueError
        return _EPOCH + timedelta(microseconds=microseconds), UUID(bytes=packed[:16])
    except (binascii.Error, ValueError, OverflowError):
        raise Invalid("The cursor is damaged. Start again from the first page.") from None


class GrantWishShape(BaseModel):
    subject: Id = Field(description="Who gets it: usr_…, grp_… or key_….")
    role: Id
    scope: ScopeShape
    effect: Effect = Effect.ALLOW

    def wish(self) -> GrantWish:
        kind, subject_id = parsed_subject(self.subject)
        return GrantWish(
            kind,
            subject_id,
            parsed("role", self.role),
            self.scope.level,
            parsed("prj", self.scope.project) if self.scope.project else None,
            self.scope.name.strip(),
            self.effect,
        )


class ReasonShape(BaseModel):
    """A grant that names the permission on the way to the scope."""

    grant: str
    effect: Effect
    role: str
    via_roles: list[str] = Field(description="From the granted role to the one that names the permission.")
    via_group: str = Field(description="The group through which it holds; empty for a grant of its own.")
    scope: ScopeShape
    needs_second_factor: bool = Field(description="Does not count yet: a second factor is missing.")

    @classmethod
    def of(cls, reason: Reason) -> "ReasonShape":
        return cls(
            grant=shown("grant", reason.grant.id),
            effect=reason.grant.effect,
            role=shown("role", reason.grant.role_id),
            via_roles=list(reason.roles),
            via_group=reason.group,
            scope=ScopeShape.of(reason.grant),
            needs_second_factor=reason.needs_factor,
        )


class ExplanationShape(BaseModel):
    allowed: bool
    permission: str
    level: Level = Field(description="Where this permission is asked for.")
    summary: str
    allows: list[ReasonShape]
    denies: list[ReasonShape]

    @classmethod
    def of(cls, permission: str, level: Level, answer: Explanation) -> "ExplanationShape":
        return cls(
            allowed=answer.allowed,
            permission=permission,
            level=level,
            summary=answer.summary,
            allows=[ReasonShape.of(reason) for reason in answer.allows],
            denies=[ReasonShape.of(reason) for reason in answer.denies],
        )
