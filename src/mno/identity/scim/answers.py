"""SCIM's own shapes for answers and errors (RFC 7644, 3.4.2 and 3.12), in its media type."""

from http import HTTPStatus
from typing import Any

from fastapi.responses import Response
from pydantic import ValidationError
from scim2_models import Context, Error, ListResponse, Resource, ResponseParameters, SCIMException

from mno.platform.errors import MnoError
from mno.platform.http.problems import retry_headers, status_of

MEDIA_TYPE = "application/scim+json"


def resource_answer(
    resource: Resource[Any],
    context: Context,
    shown: ResponseParameters[Any] | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    """One resource, with the attributes that were asked for."""
    headers = {}
    if status is HTTPStatus.CREATED and resource.meta is not None and resource.meta.location:
        headers["Location"] = resource.meta.location
    text = resource.model_dump_json(
        scim_ctx=context,
        response_parameters=shown,
    )
    return Response(text, status, headers, MEDIA_TYPE)


def list_answer(
    model: type[Resource[Any]],
    resources: list[Any],
    *,
    total: int,
    start: int,
    shown: ResponseParameters[Any] | None = None,
) -> Response:
    """A page of a list; `start` counts from 0."""
    made: Any = ListResponse.__class_getitem__(model)
    listed = made(total_results=total, start_index=start + 1, items_per_page=len(resources), resources=resources)
    text = listed.model_dump_json(
        scim_ctx=Context.RESOURCE_QUERY_RESPONSE,
        response_parameters=shown,
    )
    return Response(text, media_type=MEDIA_TYPE)


def error_answer(error: Exception) -> Response:
    """Ours, the library's and those of its validation, as one SCIM error."""
    headers: dict[str, str] = {}
    if isinstance(error, MnoError):
        status = int(status_of(error))
        told = Error(status=status, scim_type="invalidValue" if status == HTTPStatus.BAD_REQUEST else None)
        told.detail = str(error)
        headers = retry_headers(error)
        if status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = 'Bearer realm="mno"'
    elif isinstance(error, SCIMException):
        told = error.to_error()
    elif isinstance(error, ValidationError):
        told = Error.from_validation_errors(error)[0]
    else:
        raise error
    status = told.status or int(HTTPStatus.BAD_REQUEST)
    return Response(told.model_dump_json(), status, headers, MEDIA_TYPE)


def plain_error(status: HTTPStatus, detail: str) -> Response:
    return Response(Error(status=int(status), detail=detail).model_dump_json(), status, media_type=MEDIA_TYPE)
