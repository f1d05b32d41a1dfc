"""The wire shapes of teams, projects, people, groups and invitations."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from mno.identity.teams.invitations.service import Offer
from mno.identity.teams.model import (
    MAX_PAGE_ITEMS,
    Consequences,
    Group,
    HeldRole,
    Invitation,
    InvitationState,
    Member,
    Project,
    Team,
)
from mno.platform.ids import shown
from mno.platform.limits import MAX_NAME_CHARACTERS
from mno.platform.mail import MAX_ADDRESS_CHARACTERS

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARACTERS)]
PageSize = Annotated[int, Field(ge=1, le=MAX_PAGE_ITEMS)]


class NamedRef(BaseModel):
    id: str
    name: str


class TeamShape(NamedRef):
    time_zone: str
    created_at: datetime
    archived_at: datetime | None

    @classmethod
    def of(cls, team: Team) -> "TeamShape":
        return cls(
            id=shown("team", team.id),
            name=team.name,
            time_zone=team.time_zone,
            created_at=team.created_at,
            archived_at=team.archived_at,
        )


class TeamList(BaseModel):
    items: list[TeamShape]


class TeamWish(BaseModel, extra="forbid"):
    name: Name
    time_zone: Annotated[str, Field(max_length=60, description="An IANA name such as `Asia/Taipei`.")] = "UTC"


class TeamChange(BaseModel, extra="forbid"):
    """What is left out stays as it is."""

    name: Name | None = None
    time_zone: Annotated[str, Field(max_length=60)] | None = None


class ProjectShape(NamedRef):
    """`moved_to` names the team and project in which a moved project goes on."""

    created_at: datetime
    archived_at: datetime | None = None
    moved_to: list[str] | None = None

    @classmethod
    def of(cls, project: Project) -> "ProjectShape":
        moved = None
        if project.moved_to_team is not None and project.moved_to_project is not None:
            moved = [shown("team", project.moved_to_team), shown("prj", project.moved_to_project)]
        return cls(
            id=shown("prj", project.id),
            name=project.name,
            created_at=project.created_at,
            archived_at=project.archived_at,
            moved_to=moved,
        )


class ProjectList(BaseModel):
    items: list[ProjectShape]


class NewTeamShape(TeamShape):
    project: ProjectShape

    @classmethod
    def of_new(cls, team: Team, project: Project) -> "NewTeamShape":
        return cls(**TeamShape.of(team).model_dump(), project=ProjectShape.of(project))


class ProjectWish(BaseModel, extra="forbid"):
    name: Name


class MoveWish(BaseModel, extra="forbid"):
    team_id: Annotated[str, Field(description="The team into which the project moves.", max_length=60)]


class ConsequencesShape(BaseModel):
    """What the change means. Nothing has happened while `preview` is true."""

    preview: bool
    project: ProjectShape
    keys_moved: int = Field(description="Keys that can only send data; they go on unchanged in the other team.")
    keys_revoked: int
    grants_ended: int = Field(description="Roles that were granted on this project.")
    invitations_revoked: int
    notes: list[str]

    @classmethod
    def of(cls, project: Project, means: Consequences, *, preview: bool) -> "ConsequencesShape":
        return cls(
            preview=preview,
            project=ProjectShape.of(project),
            keys_moved=means.keys_moved,
            keys_revoked=means.keys_revoked,
            grants_ended=means.grants_ended,
            invitations_revoked=means.invitations_revoked,
            notes=list(means.notes),
        )


class HeldRoleShape(BaseModel):
    role: NamedRef
    effect: str
    scope: str = Field(description="`hub`, `team`, `project`, `agent`, `tool` or `task`.")
    project_id: str | None
    name: str = Field(description="Of the agent, tool or task.")

    @classmethod
    def of(cls, held: HeldRole) -> "HeldRoleShape":
        return cls(
            role=NamedRef(id=shown("role", held.role_id), name=held.role),
            effect=held.effect,
            scope=held.scope_kind,
            project_id=shown("prj", held.project_id) if held.project_id else None,
            name=held.scope_id,
        )


class MemberShape(NamedRef):
    """A person of the team. `roles` are those of their own; what their groups give stands with the groups."""

    email: str
    joined_at: datetime
    deactivated_at: datetime | None
    managed: bool = Field(description="A directory keeps this person.")
    roles: list[HeldRoleShape]
    groups: list[NamedRef]

    @classmethod
    def of(cls, member: Member) -> "MemberShape":
        return cls(
            id=shown("usr", member.user_id),
            name=member.name,
            email=member.email,
            joined_at=member.joined_at,
            deactivated_at=member.deactivated_at,
            managed=member.managed,
            roles=[HeldRoleShape.of(role) for role in member.roles],
            groups=[NamedRef(id=shown("grp", group_id), name=name) for group_id, name in member.groups],
        )


class MemberList(BaseModel):
    items: list[MemberShape]
    next_cursor: str | None


class MemberChange(BaseModel, extra="forbid"):
    active: bool = Field(description="False ends sessions and keys at once; roles and groups stay.")


class GroupShape(NamedRef):
    members: int
    managed: bool = Field(description="A directory keeps this group.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, group: Group) -> "GroupShape":
        return cls(
            id=shown("grp", group.id),
            name=group.name,
            members=group.members,
            managed=group.provisioned,
            created_at=group.created_at,
            updated_at=group.updated_at,
        )


class GroupList(BaseModel):
    items: list[GroupShape]
    next_cursor: str | None


class GroupWish(BaseModel, extra="forbid"):
    name: Name


class PersonRef(NamedRef):
    email: str

    @classmethod
    def of(cls, user_id: UUID, name: str, email: str) -> "PersonRef":
        return cls(id=shown("usr", user_id), name=name, email=email)


class GroupMemberList(BaseModel):
    items: list[PersonRef]
    next_cursor: str | None


class GroupMemberWish(BaseModel, extra="forbid"):
    user_id: Annotated[str, Field(max_length=60)]


class InvitationShape(BaseModel):
    """An invitation without its token."""

    id: str
    email: str
    state: InvitationState
    role: NamedRef
    project: NamedRef | None
    created_by: str
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    mailed_at: datetime | None = Field(description="When the mail server took the letter; null: hand over the link.")
    mail_error: str

    @classmethod
    def of(cls, invitation: Invitation, at: datetime) -> "InvitationShape":
        project = None
        if invitation.project_id is not None:
            project = NamedRef(id=shown("prj", invitation.project_id), name=invitation.project or "")
        return cls(
            id=shown("inv", invitation.id),
            email=invitation.email,
            state=invitation.state(at),
            role=NamedRef(id=shown("role", invitation.role_id), name=invitation.role),
            project=project,
            created_by=invitation.created_by,
            created_at=invitation.created_at,
            expires_at=invitation.expires_at,
            accepted_at=invitation.accepted_at,
            mailed_at=invitation.mailed_at,
            mail_error=invitation.mail_error,
        )


class SentInvitationShape(InvitationShape):
    link: str | None = Field(
        description="Shown this once, where no letter went out. Whoever opens it becomes this person: hand it over"
        " to nobody else, because you vouch for the address."
    )

    @classmethod
    def of_sent(cls, invitation: Invitation, link: str | None, at: datetime) -> "SentInvitationShape":
        return cls(**InvitationShape.of(invitation, at).model_dump(), link=link)


class InvitationList(BaseModel):
    items: list[InvitationShape]
    next_cursor: str | None


class InvitationWish(BaseModel, extra="forbid"):
    email: Annotated[str, Field(min_length=3, max_length=MAX_ADDRESS_CHARACTERS)]
    role_id: Annotated[str, Field(max_length=60)]
    project_id: Annotated[str | None, Field(max_length=60, description="Null: the role holds for the whole team.")] = (
        None
    )


class OfferShape(BaseModel):
    """What somebody who holds the link may know."""

    team: str
    project: str | None
    role: str
    address: str = Field(description="Masked: `a…@example.com`.")
    expires_at: datetime
    sign_in: bool = Field(description="An account with this address exists: sign in, then accept.")

    @classmethod
    def of(cls, offer: Offer) -> "OfferShape":
        return cls(
            team=offer.team,
            project=offer.project,
            role=offer.role,
            address=offer.address,
            expires_at=offer.expires_at,
            sign_in=offer.sign_in,
        )


class Acceptance(BaseModel, extra="forbid"):
    token: Annotated[str, Field(min_length=1, max_length=200)]
    name: Annotated[
        str, Field(max_length=MAX_NAME_CHARACTERS, description="Of a new account; unused with a session.")
    ] = ""
    password: Annotated[
        str | None, Field(max_length=1000, description="Of a new account; without one, add a passkey afterwards.")
    ] = None


class AcceptedShape(BaseModel):
    """Where the new member may act; `signed_in` when a session was opened (its cookie is set)."""

    user_id: str
    team_id: str
    project_id: str
    signed_in: bool
