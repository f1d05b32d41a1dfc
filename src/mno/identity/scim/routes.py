"""SCIM 2.0 over HTTP at /scim/v2, in SCIM's own shapes: also its errors, whoever raised them.

The modules that load the SCIM library are imported by the first request that needs them.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from http import HTTPStatus
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from mno.platform.http.gate import requires
from mno.platform.http.problems import tell_refusal
from mno.platform.principal import Principal

if TYPE_CHECKING:
    from mno.identity.scim.service import Directory

PREFIX = "/scim/v2"
Administrator = Annotated[Principal, Depends(requires("directory.write"))]
Filter = Annotated[
    str | None, Query(description='Such as `userName eq "ada@example.com"`; every operator of RFC 7644 is known.')
]
StartIndex = Annotated[str | None, Query(alias="startIndex", description="Counts from 1.")]
Count = Annotated[str | None, Query(description="At most 200.")]
Attributes = Annotated[str | None, Query(description="Only these, separated by commas.")]
Excluded = Annotated[str | None, Query(alias="excludedAttributes", description="All but these.")]

_LIBRARY = "mno.identity.scim.service"
_EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/scim+json": {"schema": {"type": "object"}}, "application/json": {}},
    }
}


class ScimRoute(APIRoute):
    """Answers every expected error in SCIM's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handler(request: Request) -> Response:
            if _LIBRARY not in sys.modules:
                # beside the event loop, which others wait for
                await asyncio.to_thread(import_module, _LIBRARY)
            try:
                return await answer(request)
            except Exception as error:  # noqa: BLE001 - what is no SCIM error is raised again
                from mno.identity.scim.answers import error_answer

                await tell_refusal(request, error)
                return error_answer(error)

        return handler


def router(directory: Callable[[], "Directory"], public_url: str) -> APIRouter:
    """`public_url` is the address under which directories reach us; empty: the one that they used."""
    routes = APIRouter(prefix=PREFIX, tags=["scim"], route_class=ScimRoute, default_response_class=Response)

    def base(request: Request) -> str:
        return (public_url or str(request.base_url)).rstrip("/") + PREFIX

    _discovery_routes(routes, directory, base)
    _user_routes(routes, directory, base)
    _group_routes(routes, directory, base)
    _other_routes(routes)
    return routes


Base = Callable[[Request], str]
GetDirectory = Callable[[], "Directory"]


def _discovery_routes(routes: APIRouter, directory: GetDirectory, base: Base) -> None:
    @routes.get("/ServiceProviderConfig")
    async def get_config(_: Administrator, request: Request) -> Response:
        """What these endpoints can do."""
        return _one(directory().config(base(request)))

    @routes.get("/ResourceTypes")
    async def list_resource_types(_: Administrator, request: Request, filter: Filter = None) -> Response:  # noqa: A002 - SCIM's name
        """The kinds of resources: users and groups."""
        return _all(directory().resource_types(base(request)), filter)

    @routes.get("/ResourceTypes/{name}")
    async def get_resource_type(_: Administrator, request: Request, name: str) -> Response:
        """One kind of resource."""
        from mno.identity.scim.service import named

        return _one(named(directory().resource_types(base(request)), name))

    @routes.get("/Schemas")
    async def list_schemas(_: Administrator, request: Request, filter: Filter = None) -> Response:  # noqa: A002
        """The attributes that we keep of each kind."""
        return _all(directory().schemas(base(request)), filter)

    @routes.get("/Schemas/{urn}")
    async def get_schema(_: Administrator, request: Request, urn: str) -> Response:
        """The attributes of one kind."""
        from mno.identity.scim.service import named

        return _one(named(directory().schemas(base(request)), urn))


def _user_routes(routes: APIRouter, directory: GetDirectory, base: Base) -> None:
    @routes.get("/Users")
    async def list_users(
        administrator: Administrator,
        request: Request,
        filter: Filter = None,  # noqa: A002
        start_index: StartIndex = None,
        count: Count = None,
        attributes: Attributes = None,
        excluded: Excluded = None,
    ) -> Response:
        """The people of the key's team."""
        from mno.identity.scim import resources

        page = _Page(filter, start_index, count, attributes, excluded)
        return await page.answer(resources.User, directory().users.page, administrator, base(request))

    @routes.post("/Users", status_code=201, openapi_extra=_BODY)
    async def create_user(administrator: Administrator, request: Request) -> Response:
        """Makes somebody a member of the team, with an account if they have none."""
        made = await directory().users.create(administrator, await _body(request), base(request))
        return _one(made, "CREATION", HTTPStatus.CREATED)

    @routes.get("/Users/{user_id}")
    async def get_user(
        administrator: Administrator,
        request: Request,
        user_id: str,
        attributes: Attributes = None,
        excluded: Excluded = None,
    ) -> Response:
        """One member."""
        found = await directory().users.user(administrator, user_id, base(request))
        return _one(found, attributes=attributes, excluded=excluded)

    @routes.put("/Users/{user_id}", openapi_extra=_BODY)
    async def replace_user(administrator: Administrator, request: Request, user_id: str) -> Response:
        """Sets every attribute anew; `active: false` ends sessions and keys in the team at once."""
        users = directory().users
        return _one(await users.replace(administrator, user_id, await _body(request), base(request)), "REPLACEMENT")

    @routes.patch("/Users/{user_id}", openapi_extra=_BODY)
    async def patch_user(administrator: Administrator, request: Request, user_id: str) -> Response:
        """Changes single attributes, all operations or none."""
        users = directory().users
        return _one(await users.patch(administrator, user_id, await _body(request), base(request)), "PATCH")

    @routes.delete("/Users/{user_id}", status_code=204)
    async def delete_user(administrator: Administrator, user_id: str) -> Response:
        """Ends the membership with its sessions, keys, roles and groups. The last Owner stays."""
        await directory().users.delete(administrator, user_id)
        return Response(status_code=204)


def _group_routes(routes: APIRouter, directory: GetDirectory, base: Base) -> None:
    @routes.get("/Groups")
    async def list_groups(
        administrator: Administrator,
        request: Request,
        filter: Filter = None,  # noqa: A002
        start_index: StartIndex = None,
        count: Count = None,
        attributes: Attributes = None,
        excluded: Excluded = None,
    ) -> Response:
        """The groups that the directory made."""
        from mno.identity.scim import resources

        page = _Page(filter, start_index, count, attributes, excluded)
        return await page.answer(resources.Group, directory().groups.page, administrator, base(request))

    @routes.post("/Groups", status_code=201, openapi_extra=_BODY)
    async def create_group(administrator: Administrator, request: Request) -> Response:
        """A group that the directory keeps; it has no role until somebody grants it one."""
        made = await directory().groups.create(administrator, await _body(request), base(request))
        return _one(made, "CREATION", HTTPStatus.CREATED)

    @routes.get("/Groups/{group_id}")
    async def get_group(
        administrator: Administrator,
        request: Request,
        group_id: str,
        attributes: Attributes = None,
        excluded: Excluded = None,
    ) -> Response:
        """One group with its members."""
        found = await directory().groups.group(administrator, group_id, base(request))
        return _one(found, attributes=attributes, excluded=excluded)

    @routes.put("/Groups/{group_id}", openapi_extra=_BODY)
    async def replace_group(administrator: Administrator, request: Request, group_id: str) -> Response:
        """Sets name and members anew."""
        groups = directory().groups
        return _one(await groups.replace(administrator, group_id, await _body(request), base(request)), "REPLACEMENT")

    @routes.patch("/Groups/{group_id}", openapi_extra=_BODY)
    async def patch_group(administrator: Administrator, request: Request, group_id: str) -> Response:
        """Adds and removes members, or renames; all operations or none."""
        groups = directory().groups
        return _one(await groups.patch(administrator, group_id, await _body(request), base(request)), "PATCH")

    @routes.delete("/Groups/{group_id}", status_code=204)
    async def delete_group(administrator: Administrator, group_id: str) -> Response:
        """Ends the group with the roles that it was granted; its people stay."""
        await directory().groups.delete(administrator, group_id)
        return Response(status_code=204)


def _other_routes(routes: APIRouter) -> None:
    known = {route.path_format for route in routes.routes if isinstance(route, APIRoute)}

    @routes.api_route("/{rest:path}", methods=_EVERY_METHOD, include_in_schema=False)
    async def anything_else(_: Administrator, rest: str) -> Response:
        """What is not there, in SCIM's words."""
        from mno.identity.scim.answers import plain_error

        if rest.endswith((".search", "Bulk", "Me")):
            return plain_error(HTTPStatus.NOT_IMPLEMENTED, f"/{rest} is not supported here.")
        if f"{PREFIX}/{rest}" in known:
            return plain_error(HTTPStatus.METHOD_NOT_ALLOWED, f"This method is not possible at /{rest}.")
        return plain_error(HTTPStatus.NOT_FOUND, f"There is nothing at /{rest}.")


class _Page:
    """The query of a list, as text."""

    def __init__(
        self,
        filter_: str | None,
        start_index: str | None,
        count: str | None,
        attributes: str | None,
        excluded: str | None,
    ) -> None:
        from mno.identity.scim import requests

        self._asked = requests.listing(filter_, start_index, count)
        self._shown = requests.parameters(attributes, excluded)

    async def answer(
        self, model: Any, read: Callable[..., Awaitable[tuple[int, list[Any]]]], administrator: Principal, base: str
    ) -> Response:
        from mno.identity.scim.answers import list_answer

        total, found = await read(administrator, self._asked, base)
        return list_answer(model, found, total=total, start=self._asked.start, shown=self._shown)


async def _body(request: Request) -> dict[str, Any]:
    from mno.identity.scim.requests import body_of

    return body_of(await request.body())


def _one(
    resource: Any,
    what: str = "QUERY",
    status: HTTPStatus = HTTPStatus.OK,
    *,
    attributes: str | None = None,
    excluded: str | None = None,
) -> Response:
    from scim2_models import Context

    from mno.identity.scim.answers import resource_answer
    from mno.identity.scim.requests import parameters

    shown = parameters(attributes, excluded) if attributes or excluded else None
    return resource_answer(resource, Context[f"RESOURCE_{what}_RESPONSE"], shown, status)


def _all(resources: list[Any], filter_: str | None) -> Response:
    """RFC 7644, 4: what describes the service is never filtered."""
    from mno.identity.scim.answers import list_answer
    from mno.platform.errors import Denied

    if filter_ is not None:
        raise Denied("What describes this service cannot be filtered.")
    return list_answer(type(resources[0]), resources, total=len(resources), start=0)
