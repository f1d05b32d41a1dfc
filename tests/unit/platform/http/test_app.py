"""Errors, headers, limits and pages of an application that has three routes."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import Body, FastAPI, Query
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from mno.platform import errors
from mno.platform.http.app import bare_app, serve_pages
from mno.platform.limits import MAX_BODY_BYTES
from support.gatekeeper import Gatekeeper

FAILURES: dict[str, tuple[Exception, int]] = {
    "invalid": (errors.Invalid("x"), 400),
    "unsupported": (errors.Unsupported("x"), 415),
    "unauthenticated": (errors.Unauthenticated("x"), 401),
    "denied": (errors.Denied("x"), 403),
    "missing": (errors.NotFound("x"), 404),
    "conflict": (errors.Conflict("x"), 409),
    "large": (errors.TooLarge("x"), 413),
    "limit": (errors.LimitExceeded("x", retry_after_s=7), 429),
    "unavailable": (errors.Unavailable("x", retry_after_s=3), 503),
    "bug": (RuntimeError("secret detail"), 500),
    "ours": (errors.MnoError("x"), 500),
    "gone": (ClientDisconnect(), 400),
}


@pytest.fixture
def web(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>hub</title>")
    (tmp_path / "assets" / "app-1a2b.js").write_text("let x = 1;\n" * 500)
    (tmp_path / "favicon.svg").write_text("<svg/>")
    return tmp_path


@pytest.fixture
def app(web: Path) -> FastAPI:
    app = bare_app(version="1", authenticator=Gatekeeper({}), own_body_limits=("/otlp/",))

    @app.get("/api/fail/{how}")
    async def fail(how: str) -> None:
        raise FAILURES[how][0]

    @app.post("/api/echo")
    async def echo(body: Annotated[list[int], Body()], limit: Annotated[int, Query(le=9)] = 1) -> int:
        return len(body) + limit

    @app.post("/otlp/v1/traces")
    async def ingest(body: Annotated[bytes, Body()]) -> int:
        return len(body)

    @app.get("/api/stream")
    async def stream() -> StreamingResponse:
        async def events() -> AsyncIterator[str]:
            yield "event: a\n\n"
            yield "event: b\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    serve_pages(app, web)
    return app


@pytest.fixture
async def caller(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as caller:
        yield caller


@pytest.mark.parametrize("how", FAILURES)
async def test_every_error_is_a_problem_document(caller: httpx.AsyncClient, how: str) -> None:
    error, status = FAILURES[how]
    answer = await caller.get(f"/api/fail/{how}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["instance"], problem["type"]) == (status, f"/api/fail/{how}", "about:blank")
    assert "secret detail" not in answer.text
    wait = getattr(error, "retry_after_s", None)
    assert answer.headers.get("retry-after") == (str(wait) if wait else None)


async def test_a_wrong_input_is_a_400_that_names_every_place(caller: httpx.AsyncClient) -> None:
    answer = await caller.post("/api/echo?limit=10", json=[1, "two"])
    assert answer.status_code == 400
    assert {error["where"] for error in answer.json()["errors"]} == {"query.limit", "body.1"}


async def test_broken_json_is_a_400(caller: httpx.AsyncClient) -> None:
    answer = await caller.post("/api/echo", content=b"[1,", headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["errors"]


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_above_the_limit_is_refused_announced_or_not(caller: httpx.AsyncClient, announced: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 65536 + 1):
            yield bytes(65536)

    content = bytes(MAX_BODY_BYTES + 1) if announced else chunks()
    answer = await caller.post("/api/echo", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert str(MAX_BODY_BYTES) in answer.json()["detail"]


async def test_ingest_looks_at_its_own_bodies(caller: httpx.AsyncClient) -> None:
    answer = await caller.post("/otlp/v1/traces", content=bytes(MAX_BODY_BYTES + 1))
    assert answer.status_code != 413


@pytest.mark.parametrize("path", ["/api/nothing", "/api", "/otlp/v2/x", "/v1/x", "/assets/old-9.js", "/metrics/x"])
async def test_an_unknown_api_address_is_a_404_and_never_the_page(caller: httpx.AsyncClient, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = await caller.request(method, path)
        assert answer.status_code == 404
        assert answer.json()["instance"] == path


async def test_a_wrong_method_is_a_405(caller: httpx.AsyncClient) -> None:
    assert (await caller.delete("/api/echo")).status_code == 405
    assert (await caller.get("/otlp/v1/traces")).status_code == 405


@pytest.mark.parametrize("path", ["/", "/monitor/traces/0af7", "/index.html", "/apis", "/../../etc/passwd"])
async def test_every_other_address_is_the_page(caller: httpx.AsyncClient, path: str) -> None:
    answer = await caller.get(path)
    assert answer.status_code == 200
    assert "<title>hub</title>" in answer.text
    assert answer.headers["cache-control"] == "no-cache"


async def test_hashed_assets_are_cached_forever_and_compressed(caller: httpx.AsyncClient, web: Path) -> None:
    for _ in range(2):
        answer = await caller.get("/assets/app-1a2b.js", headers={"accept-encoding": "gzip"})
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-encoding"] == "gzip"
        assert "javascript" in answer.headers["content-type"]
        assert answer.text == (web / "assets" / "app-1a2b.js").read_text()
    plain = await caller.get("/assets/app-1a2b.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert len(gzip.compress(plain.content)) < len(plain.content)


async def test_the_head_of_a_page_has_no_body(caller: httpx.AsyncClient) -> None:
    answer = await caller.head("/")
    assert answer.status_code == 200


async def test_without_built_pages_the_answer_says_how_to_build_them() -> None:
    app = bare_app(version="1", authenticator=Gatekeeper({}))
    serve_pages(app, None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as caller:
        assert "make web" in (await caller.get("/")).text


async def test_every_answer_carries_the_security_headers(caller: httpx.AsyncClient) -> None:
    for path in ("/", "/api/nothing", "/api/fail/bug", "/api/stream"):
        headers = (await caller.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "'unsafe-eval'" not in policy
        assert "script-src 'self';" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


async def test_api_answers_are_not_cached(caller: httpx.AsyncClient) -> None:
    assert (await caller.get("/api/fail/missing")).headers["cache-control"] == "no-store"


async def test_a_stream_passes_through_as_it_comes(caller: httpx.AsyncClient) -> None:
    answer = await caller.get("/api/stream", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in answer.headers
    assert answer.text == "event: a\n\nevent: b\n\n"


async def test_the_described_errors_are_those_that_we_give(caller: httpx.AsyncClient) -> None:
    described = (await caller.get("/api/openapi.json")).json()
    responses = described["paths"]["/api/echo"]["post"]["responses"]
    assert "422" not in responses
    assert "application/problem+json" in responses["default"]["content"]
    assert "HTTPValidationError" not in described["components"]["schemas"]
    assert "errors" in described["components"]["schemas"]["Problem"]["properties"]
