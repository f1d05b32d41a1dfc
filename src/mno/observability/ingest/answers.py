"""What an OTLP exporter hears: success, partial success, or a status, in the format it wrote in.

Source: the OTLP specification 1.x, "OTLP/HTTP Response": the answer has the request's content type, an error
is a `google.rpc.Status`, and 429 and 503 with `Retry-After` are the ones that an exporter tries again.
"""

from http import HTTPStatus

import orjson
from fastapi.responses import Response
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from mno.observability.ingest.body import Format
from mno.platform.errors import MnoError
from mno.platform.http.problems import retry_headers, status_of

#: google.rpc.Code of our statuses; 2 is UNKNOWN.
_RPC_CODES = {
    HTTPStatus.BAD_REQUEST: 3,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: 3,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: 8,
    HTTPStatus.TOO_MANY_REQUESTS: 8,
    HTTPStatus.UNAUTHORIZED: 16,
    HTTPStatus.FORBIDDEN: 7,
    HTTPStatus.SERVICE_UNAVAILABLE: 14,
}
_UNKNOWN = 2


def accepted(form: Format, rejected: int = 0, message: str = "", *, counted: str = "rejectedSpans") -> Response:
    """Success; partial success when items were rejected, or a warning when there is only a message."""
    if form is Format.JSON:
        partial = {counted: str(rejected), "errorMessage": message} if rejected or message else None
        return Response(orjson.dumps({"partialSuccess": partial} if partial else {}), media_type=form.value)
    answer = ExportTraceServiceResponse()
    if rejected or message:
        # logs and metrics answer with the same fields under the same numbers
        answer.partial_success.CopyFrom(ExportTracePartialSuccess(rejected_spans=rejected, error_message=message))
    return Response(answer.SerializeToString(), media_type=form.value)


def refused(form: Format, error: MnoError) -> Response:
    """One of our errors as a `google.rpc.Status`."""
    status = status_of(error)
    code = _RPC_CODES.get(status, _UNKNOWN)
    if form is Format.JSON:
        body = orjson.dumps({"code": code, "message": str(error)})
    else:
        body = _status_message(code, str(error))
    return Response(body, status_code=status, media_type=form.value, headers=retry_headers(error))


def _status_message(code: int, message: str) -> bytes:
    """`google.rpc.Status` by hand: field 1 is the code, field 2 the text."""
    text = message.encode()
    return bytes((0x08, code, 0x12)) + _varint(len(text)) + text


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
