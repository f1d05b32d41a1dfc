"""Wire shapes of roles and of the catalogue of permissions."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from mno.identity.policy.catalogue import DESCRIPTIONS
from mno.identity.policy.model import MAX_DESCRIPTION_CHARACTERS, MAX_INCLUDED_ROLES, MAX_PERMISSIONS_PER_ROLE
from mno.identity.policy.roles.service import ListedRole, RoleWish
from mno.platform.ids import parsed, shown
from mno.platform.limits import MAX_NAME_CHARACTERS
from mno.platform.permissions import ALL, level_of
from mno.platform.scope import Level


class RoleShape(BaseModel):
    id: str
    name: str
    description: str
    built_in: bool = Field(description="Every team has it; it cannot be changed.")
    permissions: list[str] = Field(description="Names and patterns that the role itself holds.")
    includes: list[str] = Field(description="Roles whose permissions it has as well.")
    demands_second_factor: bool = Field(description="Counts only in a session in which a second factor was shown.")
    effective: list[str] = Field(description="All permissions that it gives, by name.")
    created_at: datetime | None
    updated_at: datetime | None

    @classmethod
    def of(cls, listed: ListedRole) -> "RoleShape":
        role = listed.role
        return cls(
            id=shown("role", role.id),
            name=role.name,
            description=role.description,
            built_in=role.team_id is None,
            permissions=list(role.permissions),
            includes=[shown("role", included) for included in role.includes],
            demands_second_factor=role.demands_second_factor,
            effective=sorted(listed.effective),
            created_at=role.created_at,
            updated_at=role.updated_at,
        )


class RoleList(BaseModel):
    items: list[RoleShape]


class RoleWishShape(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARACTERS)]
    description: Annotated[str, Field(max_length=MAX_DESCRIPTION_CHARACTERS)] = ""
    permissions: Annotated[
        list[Annotated[str, Field(max_length=100)]],
        Field(max_length=MAX_PERMISSIONS_PER_ROLE, description="Names, `x.*` for all of x, `*` for all of the team."),
    ] = []
    includes: Annotated[list[str], Field(max_length=MAX_INCLUDED_ROLES)] = []
    demands_second_factor: bool = False

    def wish(self) -> RoleWish:
        includes = tuple(parsed("role", included) for included in self.includes)
        return RoleWish(self.name, self.description, tuple(self.permissions), includes, self.demands_second_factor)


class PermissionShape(BaseModel):
    name: str
    level: Level = Field(description="Where it is asked for: hub, team or project.")
    description: str


class PermissionList(BaseModel):
    items: list[PermissionShape]

    @classmethod
    def all(cls) -> "PermissionList":
        items = [PermissionShape(name=name, level=level_of(name), description=DESCRIPTIONS[name]) for name in ALL]
        return cls(items=sorted(items, key=lambda item: (list(Level).index(item.level), item.name)))
