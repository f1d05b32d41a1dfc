"""A team, its projects, its people and its groups, as records; and the limits that hold for them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

#: Teams of one installation that are not archived.
MAX_TEAMS = 200
#: Projects of one team, archived ones included.
MAX_PROJECTS_PER_TEAM = 200
#: People of one team, deactivated ones included.
MAX_MEMBERS_PER_TEAM = 20_000
#: Groups of one team.
MAX_GROUPS_PER_TEAM = 2_000
#: Invitations of one team that wait for their answer.
MAX_OPEN_INVITATIONS = 1_000
#: How long an invitation can be accepted, unless `security.invitation_days` says otherwise.
INVITATION_LIFETIME = timedelta(days=7)
#: Items of one page of a list.
MAX_PAGE_ITEMS = 200


class Language(StrEnum):
    """The languages in which the program speaks to people."""

    ENGLISH = "en"
    TRADITIONAL_CHINESE = "zh-Hant"
    SIMPLIFIED_CHINESE = "zh-Hans"


def language_of(*preferred: str) -> Language:
    """The first of these that we speak; English when there is none."""
    return next((Language(name) for name in preferred if name in set(Language)), Language.ENGLISH)


@dataclass(frozen=True, slots=True)
class Team:
    id: UUID
    name: str
    time_zone: str
    created_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class Project:
    id: UUID
    team_id: UUID
    name: str
    created_at: datetime
    archived_at: datetime | None = None
    moved_to_team: UUID | None = None
    moved_to_project: UUID | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """An account, whatever teams it belongs to."""

    id: UUID
    name: str
    email: str
    email_verified_at: datetime | None
    deactivated_at: datetime | None
    language: str


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role that somebody holds by a grant of their own (or their group's)."""

    role_id: UUID
    role: str
    effect: str
    scope_kind: str
    project_id: UUID | None
    scope_id: str


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a team."""

    team_id: UUID
    user_id: UUID
    name: str
    email: str
    joined_at: datetime
    deactivated_at: datetime | None
    #: A directory keeps this membership.
    managed: bool
    roles: tuple[HeldRole, ...] = ()
    groups: tuple[tuple[UUID, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    id: UUID
    team_id: UUID
    name: str
    external_id: str | None
    #: The directory made it and alone changes who is in it.
    provisioned: bool
    created_at: datetime
    updated_at: datetime
    members: int = 0


class InvitationState(StrEnum):
    """What an invitation can come to; all but `open` are final (a new token opens an expired one again)."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Invitation:
    id: UUID
    team_id: UUID
    email: str
    role_id: UUID
    role: str
    project_id: UUID | None
    project: str | None
    created_by: str
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    accepted_by: UUID | None
    revoked_at: datetime | None
    mailed_at: datetime | None
    mail_error: str

    def state(self, at: datetime) -> InvitationState:
        if self.accepted_at is not None:
            return InvitationState.ACCEPTED
        if self.revoked_at is not None:
            return InvitationState.REVOKED
        return InvitationState.EXPIRED if self.expires_at <= at else InvitationState.OPEN


@dataclass(frozen=True, slots=True)
class Consequences:
    """What archiving or moving a project does, for whoever decides about it."""

    keys_moved: int = 0
    keys_revoked: int = 0
    grants_ended: int = 0
    invitations_revoked: int = 0
    notes: tuple[str, ...] = ()
