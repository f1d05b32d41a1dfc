"""Grants over HTTP, and why somebody may or may not."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from mno.identity.policy.grants.schemas import (
    ExplanationShape,
    GrantList,
    GrantShape,
    GrantWishShape,
    parsed_cursor,
    parsed_subject,
)
from mno.identity.policy.grants.service import MAX_PAGE_GRANTS, GrantFilter, Grants
from mno.identity.policy.model import MAX_SCOPE_NAME_CHARACTERS, Effect
from mno.platform.http.gate import requires
from mno.platform.ids import parsed
from mno.platform.permissions import ALL, level_of
from mno.platform.principal import Principal
from mno.platform.scope import Level, Scope

GrantReader = Annotated[Principal, Depends(requires("grants.read"))]
GrantWriter = Annotated[Principal, Depends(requires("grants.write"))]
Id = Annotated[str, Query(max_length=60)]
Name = Annotated[str, Query(max_length=MAX_SCOPE_NAME_CHARACTERS, description="Of an agent, tool or task.")]


def asked_filter(
    subject: Id = "",
    role: Id = "",
    project: Id = "",
    level: Annotated[Level | None, Query(description="Grants on this level only.")] = None,
    name: Name = "",
    effect: Annotated[Effect | None, Query()] = None,
) -> GrantFilter:
    """Which grants are asked for: of a subject, a role, a scope."""
    kind, subject_id = parsed_subject(subject) if subject else (None, None)
    return GrantFilter(
        kind,
        subject_id,
        parsed("role", role) if role else None,
        level,
        parsed("prj", project) if project else None,
        name or None,
        effect,
    )


def router(grants: Grants) -> APIRouter:
    routes = APIRouter(prefix="/api", tags=["grants"])

    @routes.get("/grants")
    async def list_grants(
        reader: GrantReader,
        wanted: Annotated[GrantFilter, Depends(asked_filter)],
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE_GRANTS)] = 100,
        cursor: Annotated[str, Query(max_length=100)] = "",
    ) -> GrantList:
        """Who has which role where, newest first."""
        return GrantList.of(await grants.page(reader, wanted, parsed_cursor(cursor), limit + 1), limit)

    @routes.post("/grants", status_code=201)
    async def create_grant(writer: GrantWriter, wish: GrantWishShape) -> GrantShape:
        """Gives a user, group or key a role on a scope, or denies it; only what one holds oneself there."""
        return GrantShape.of(await grants.create(writer, wish.wish()))

    @routes.delete("/grants/{grant_id}", status_code=204)
    async def delete_grant(writer: GrantWriter, grant_id: str) -> None:
        """Takes a grant away; 409 for the last Owner's."""
        await grants.delete(writer, parsed("grant", grant_id))

    @routes.get("/rbac/explain")
    async def explain(
        reader: GrantReader,
        principal: Annotated[str, Query(max_length=60, description="usr_… or key_….")],
        permission: Annotated[str, Query(max_length=100)],
        level: Annotated[Level, Query(description="Of the scope.")] = Level.TEAM,
        project: Id = "",
        name: Name = "",
        second_factor: Annotated[bool, Query(description="Whether the person has shown one.")] = True,
    ) -> ExplanationShape:
        """Why this person or key may do this there, or may not: the grants that decide."""
        kind, subject_id = parsed_subject(principal)
        scope = Scope(level, reader.team_id, parsed("prj", project) if project else None, name)
        answer = await grants.explain(reader, kind, subject_id, permission, scope, verified=second_factor)
        asked_on = level_of(permission) if permission in ALL else level
        return ExplanationShape.of(permission, asked_on, answer)

    return routes
