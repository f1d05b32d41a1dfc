"""Roles over HTTP, and the catalogue of what they can hold."""

from typing import Annotated

from fastapi import APIRouter, Depends

from mno.identity.policy.roles.schemas import PermissionList, RoleList, RoleShape, RoleWishShape
from mno.identity.policy.roles.service import Roles
from mno.platform.http.gate import requires
from mno.platform.ids import parsed
from mno.platform.principal import Principal

RoleReader = Annotated[Principal, Depends(requires("roles.read"))]
RoleWriter = Annotated[Principal, Depends(requires("roles.write"))]


def router(roles: Roles) -> APIRouter:
    routes = APIRouter(prefix="/api/rbac", tags=["roles"])

    @routes.get("/permissions")
    async def permissions(_: RoleReader) -> PermissionList:
        """Every permission there is, where it is asked for and what it means."""
        return PermissionList.all()

    @routes.get("/roles")
    async def list_roles(reader: RoleReader) -> RoleList:
        """The roles that every team has and the team's own, with all that they allow."""
        return RoleList(items=[RoleShape.of(listed) for listed in await roles.all(reader)])

    @routes.post("/roles", status_code=201)
    async def create_role(writer: RoleWriter, wish: RoleWishShape) -> RoleShape:
        """A role of the team's own, out of what its author holds."""
        return RoleShape.of(await roles.create(writer, wish.wish()))

    @routes.put("/roles/{role_id}")
    async def update_role(writer: RoleWriter, role_id: str, wish: RoleWishShape) -> RoleShape:
        """Writes a role anew; it changes at once for everybody who has it."""
        return RoleShape.of(await roles.update(writer, parsed("role", role_id), wish.wish()))

    @routes.delete("/roles/{role_id}", status_code=204)
    async def delete_role(writer: RoleWriter, role_id: str) -> None:
        """Ends a role that nobody has any more (409 while somebody does)."""
        await roles.delete(writer, parsed("role", role_id))

    return routes
