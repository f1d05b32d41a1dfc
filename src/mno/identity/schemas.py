"""The wire shapes of identity."""

from pydantic import BaseModel, Field

from mno.identity.model import Project, Team, User
from mno.platform.ids import shown


class NamedRef(BaseModel):
    id: str
    name: str


class UserRef(NamedRef):
    email: str


class SessionShape(BaseModel):
    """Who is signed in; `user` is null where an API key asks."""

    user: UserRef | None
    team: NamedRef
    project: NamedRef
    permissions: list[str]

    @classmethod
    def of(cls, user: User | None, team: Team, project: Project, permissions: frozenset[str]) -> "SessionShape":
        return cls(
            user=UserRef(id=shown("usr", user.id), name=user.name, email=user.email) if user else None,
            team=NamedRef(id=shown("team", team.id), name=team.name),
            project=NamedRef(id=shown("prj", project.id), name=project.name),
            permissions=sorted(permissions),
        )


class LinkShape(BaseModel):
    url: str = Field(description="Signs its first visitor in as the owner, once, within an hour.")
