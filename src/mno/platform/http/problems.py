"""Our errors as RFC 9457 problem documents: the one place that knows both sides.

Every error answer of the program has this shape, those of the framework included, so that a client needs
one way to read them: `type`, `title`, `status`, `detail`, `instance`, and `errors` for a rejected input.
"""

import logging
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from mno.platform.errors import (
    Conflict,
    Denied,
    Invalid,
    LimitExceeded,
    MnoError,
    NotFound,
    PaymentRequired,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
    VerificationRequired,
)
from mno.platform.http.headers import SECURITY_HEADERS
from mno.platform.principal import Principal

_log = logging.getLogger(__name__)

#: The most specific class first: `TooLarge` is a `LimitExceeded`, `Unsupported` is an `Invalid`.
_STATUS: tuple[tuple[type[MnoError], HTTPStatus], ...] = (
    (Unsupported, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (Invalid, HTTPStatus.BAD_REQUEST),
    (Unauthenticated, HTTPStatus.UNAUTHORIZED),
    (Denied, HTTPStatus.FORBIDDEN),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Conflict, HTTPStatus.CONFLICT),
    (TooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (PaymentRequired, HTTPStatus.PAYMENT_REQUIRED),
    (LimitExceeded, HTTPStatus.TOO_MANY_REQUESTS),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
)


#: What a client can do something about by itself, and therefore must tell from others of the same status.
_TYPE: tuple[tuple[type[MnoError], str], ...] = ((VerificationRequired, "urn:mno:problem:verification-required"),)
_NO_TYPE = "about:blank"


class InputError(BaseModel):
    """One thing that is wrong with an input: where it stands and why it was refused."""

    where: str = Field(description="The place, such as `body.items.3.model` or `query.limit`.")
    message: str


class Problem(BaseModel):
    """RFC 9457."""

    type: str = Field(_NO_TYPE, description="`urn:mno:problem:verification-required` asks for a second factor first.")
    title: str
    status: int
    detail: str = ""
    instance: str = ""
    errors: list[InputError] | None = None


def status_of(error: MnoError) -> HTTPStatus:
    """The status that stands for this error."""
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return status
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem_response(
    status: int,
    detail: str,
    *,
    instance: str = "",
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
    kind: str = _NO_TYPE,
) -> JSONResponse:
    """The answer itself; also for code that works below the framework, such as a middleware."""
    body: dict[str, Any] = {
        "type": kind,
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        "instance": instance,
    }
    if errors is not None:
        body["errors"] = errors
    return JSONResponse(body, status_code=status, headers=headers, media_type="application/problem+json")


def retry_headers(error: MnoError) -> dict[str, str]:
    """`Retry-After`, in seconds, for an error that waiting can cure."""
    wait = getattr(error, "retry_after_s", None)
    return {} if wait is None else {"Retry-After": str(wait)}


def problem_of(error: MnoError, instance: str = "") -> JSONResponse:
    """One of our errors as an answer, with the headers that belong to its status."""
    headers = retry_headers(error)
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="mno"'
    kind = next((name for one, name in _TYPE if isinstance(error, one)), _NO_TYPE)
    return problem_response(status_of(error), str(error), instance=instance, headers=headers, kind=kind)


class Refusals(Protocol):
    """Where refused attempts are written down; never raises and never waits."""

    async def refused(
        self, actor: Principal | None, action: str, resource: str, *, team_id: UUID | None = None, detail: str
    ) -> None: ...


def install(app: FastAPI) -> None:
    """Makes every error of `app` a problem document."""
    app.add_exception_handler(MnoError, _on_our_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_input)
    app.add_exception_handler(HTTPException, _on_framework_error)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(Exception, _on_bug)


async def _on_our_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, MnoError)
    await tell_refusal(request, error)
    return problem_of(error, request.url.path)


async def tell_refusal(request: Request, error: Exception) -> None:
    """Names who was refused, where and why, for whoever answers an error itself; nothing for one that refuses nobody.
    A caller without any secret was not refused: it did not try.
    """
    if not isinstance(error, Denied | Unauthenticated):
        return
    refusals: Refusals | None = getattr(request.app.state, "refusals", None)
    actor: Principal | None = getattr(request.state, "principal", None)
    tried = any(name in request.headers for name in ("authorization", "x-api-key", "x-goog-api-key", "cookie"))
    if refusals is None or not (actor or tried or isinstance(error, Denied)):
        return
    # the route's template: what stands in a path may be a secret, such as an invitation
    route = getattr(request.scope.get("route"), "path", "")
    action = "access.deny" if isinstance(error, Denied) else "authentication.fail"
    await refusals.refused(actor, action, f"{request.scope.get('method', 'GET')} {route}", detail=str(error))


async def tell_refusal_in(scope: Scope, route: str, error: Exception) -> None:
    """The same for an application of its own beside the routes; `route` is the template of its path."""
    await tell_refusal(Request({**scope, "route": _Template(route)}), error)


class _Template(NamedTuple):
    path: str


async def _on_invalid_input(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [
        {"where": ".".join(str(part) for part in problem["loc"]), "message": problem["msg"]}
        for problem in error.errors()[:100]
    ]
    detail = "; ".join(f"{problem['where']}: {problem['message']}" for problem in errors[:3])
    return problem_response(HTTPStatus.BAD_REQUEST, detail, instance=request.url.path, errors=errors)


async def _on_framework_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers) if error.headers else None
    return problem_response(error.status_code, str(error.detail), instance=request.url.path, headers=headers)


async def _on_disconnect(request: Request, _: Exception) -> Response:
    """The caller left in the middle of its body: no bug, and nobody there to read this."""
    return problem_response(HTTPStatus.BAD_REQUEST, "The body was cut short.", instance=request.url.path)


async def _on_bug(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    detail = "Something in the program is wrong; its log says more."
    # the framework answers a bug above every layer of ours, so the headers are added here
    return problem_response(
        HTTPStatus.INTERNAL_SERVER_ERROR, detail, instance=request.url.path, headers=SECURITY_HEADERS
    )
