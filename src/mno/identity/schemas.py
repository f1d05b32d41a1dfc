"""The wire shapes of identity."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from mno.identity.model import ApiKey, Project, Scope, Team, User
from mno.platform.ids import shown
from mno.platform.limits import MAX_NAME_CHARACTERS


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


class ProjectShape(NamedRef):
    created_at: datetime

    @classmethod
    def of(cls, project: Project) -> "ProjectShape":
        return cls(id=shown("prj", project.id), name=project.name, created_at=project.created_at)


class ProjectList(BaseModel):
    items: list[ProjectShape]


class KeyShape(BaseModel):
    """A key without its secret; `prefix` is the part by which its owner recognises it."""

    id: str
    name: str
    prefix: str
    scopes: list[Scope]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey) -> "KeyShape":
        return cls(
            id=shown("key", key.id),
            name=key.name,
            prefix=key.prefix,
            scopes=list(key.scopes),
            created_at=key.created_at,
            last_used_at=key.last_used_at,
            revoked_at=key.revoked_at,
        )


class NewKeyShape(KeyShape):
    key: str = Field(description="The secret. It is shown this once and cannot be read again.")


class KeyList(BaseModel):
    items: list[KeyShape]


class KeyWish(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARACTERS)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]


class LinkShape(BaseModel):
    url: str = Field(description="Signs its first visitor in as the owner, once, within an hour.")
