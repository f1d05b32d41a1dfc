"""The bare application that every entry builds on: problem documents, headers, limits and the web pages.

Features add their routers; this module knows none of them.
"""

from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from mno.platform.errors import NotFound
from mno.platform.http import problems
from mno.platform.http.anywhere import OpenToPages
from mno.platform.http.bodies import BodyLimit
from mno.platform.http.door import Door, NoRules, SiteRules
from mno.platform.http.gate import Authenticator
from mno.platform.http.headers import SecurityHeaders
from mno.platform.http.static import WebPages
from mno.platform.limits import MAX_BODY_BYTES

#: Under these, an unknown address is an error, never the web page.
API_PREFIXES = (
    "/api", "/otlp", "/v1", "/llm", "/mcp", "/metrics", "/hooks", "/scim", "/.well-known", "/assets",
    "/oauth/token", "/oauth/register", "/oauth/revoke",
)  # fmt: skip

_READING = ("GET", "HEAD")
_CHANGING = ("POST", "PUT", "PATCH", "DELETE")

#: The hub says of itself what /metrics and its log say, whatever the environment tells applications to export. Looking
#: at every request whether somebody wants a span of it takes four microseconds.
_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}


def bare_app(
    *,
    version: str,
    authenticator: Authenticator,
    own_body_limits: tuple[str, ...] = (),
    open_to_pages: tuple[str, ...] = (),
    rules: SiteRules | None = None,
) -> FastAPI:
    """An application without routes. Paths below `own_body_limits` look at their bodies themselves, those below
    `open_to_pages` may be asked by pages of every origin.
    """
    rules = rules or NoRules()
    app = FastAPI(
        title="MachineNativeOps",
        version=version,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        telemetry=_NO_TELEMETRY,
    )
    app.state.authenticator = authenticator
    app.state.site_rules = rules
    problems.install(app)
    app.add_middleware(BodyLimit, max_bytes=MAX_BODY_BYTES, exempt=own_body_limits)
    app.add_middleware(OpenToPages, paths=open_to_pages)
    app.add_middleware(Door, rules=rules)
    app.add_middleware(SecurityHeaders)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return app


def add_routes(app: FastAPI, router: APIRouter) -> None:
    """Puts a feature's routes among the application's own, as they are.

    `include_router` would make each of them a second time, at the first request that has to look past it: with two
    hundred routes that is half of the processor time of a start.
    """
    app.router.routes.extend(router.routes)


def stand_before(app: FastAPI, prefix: str, own: ASGIApp, rules: SiteRules) -> None:
    """Lets an application of its own answer everything below `prefix`: behind the door and with the headers of every
    answer, and before all the layers that only routes need. It answers its own errors.
    """
    beside = SecurityHeaders(Door(own, rules))
    build = app.build_middleware_stack

    def built() -> ASGIApp:
        framework = build()

        async def chosen(scope: Scope, receive: Receive, send: Send) -> None:
            is_own = scope["type"] == "http" and scope["path"].startswith(prefix)
            await (beside if is_own else framework)(scope, receive, send)

        return chosen

    app.build_middleware_stack = built  # type: ignore[method-assign]


def serve_pages(app: FastAPI, folder: Path | None) -> None:
    """Answers every other address with the web pages; call it after the last router."""
    pages = WebPages(folder)

    async def page(request: Request) -> Response:
        path = request.url.path
        if request.method in _READING and (pages.has(path) or not _is_api(path)):
            return pages.respond(request)
        if _another_method_works(app, request):
            raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, f"{request.method} is not possible at {path}.")
        raise NotFound(f"There is nothing at {path}.")

    app.add_api_route("/{path:path}", page, methods=[*_READING, *_CHANGING], include_in_schema=False)


def _another_method_works(app: FastAPI, request: Request) -> bool:
    return any(route.matches(request.scope)[0] is Match.PARTIAL for route in app.router.routes)


def _is_api(path: str) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in API_PREFIXES)


def _described(app: FastAPI) -> dict[str, Any]:
    """OpenAPI, with the error answers that we really give in place of the framework's."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        problem = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(problem.pop("$defs", {}))
        schemas["Problem"] = problem
        for operations in schema["paths"].values():
            for operation in operations.values():
                _describe_errors(operation["responses"])
        app.openapi_schema = schema
    return app.openapi_schema


def _describe_errors(responses: dict[str, Any]) -> None:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses.pop("422", None)
    responses.setdefault("default", {"description": "A problem document (RFC 9457)", "content": content})
