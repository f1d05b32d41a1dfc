"""What goes wrong on either side has one stated outcome, and leaves the hub as it was."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import httpx
import orjson
import pytest

from integration.llm_gateway.conftest import CHAT, CREDENTIAL, Team
from mno.llm_gateway import entrance
from mno.platform.http import arriving, connections
from support.promises import PATIENCE_S
from support.upstream import Got, Upstream, Wire, completion

Answer = Callable[[Got, Wire], Awaitable[None]]


async def resets(_: Got, wire: Wire) -> None:
    wire.reset()


async def hangs(_: Got, wire: Wire) -> None:
    await wire.until_gone()


async def babbles(_: Got, wire: Wire) -> None:
    await wire.send(b"220 mail.example.com ESMTP\r\n\r\n")
    wire.reset()


@pytest.mark.parametrize(
    ("fault", "timeout_s", "status", "said"),
    [(resets, 60, 502, "closed the connection"), (babbles, 60, 502, "no HTTP"), (hangs, 1, 504, "within 1 seconds")],
)
async def test_a_provider_that_does_not_answer_is_told_as_such(
    team: Team, upstream: Upstream, fault: Answer, timeout_s: int, status: int, said: str
) -> None:
    await team.add("up", upstream.url, timeout_s=timeout_s)
    upstream.answer = fault
    answer = await team.chat()
    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]
    span = (await team.spans(1))[0]
    assert span["status"] == "error"
    assert said in span["status_message"]
    assert (span["input_tokens"], span["cost"]) in {(0, "0.000000000"), (0, None)}


async def test_a_provider_that_is_not_there_is_told_as_such(ready: Team) -> None:
    await ready.add("gone", "http://127.0.0.1:9")
    assert (await ready.chat(provider="gone")).status_code == 502


async def test_half_a_chunk_ends_the_client_s_connection_and_is_estimated(ready: Team, upstream: Upstream) -> None:
    async def half(_: Got, wire: Wire) -> None:
        await wire.start_stream()
        await wire.event({"id": "c", "choices": [{"index": 0, "delta": {"content": "eight ch"}}]})
        await wire.send(b'40\r\ndata: {"id": "c", "choi')
        wire.reset()

    upstream.answer = half
    with pytest.raises(httpx.RemoteProtocolError):
        await ready.chat(stream=True)
    span = (await ready.spans(1))[0]
    assert (span["status"], span["output_tokens"]) == ("error", 2)
    assert span["attributes"]["mno.gateway.estimated"] is True
    assert (await ready.caller.get("/api/health")).status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        b'{"id": "x", "usage": {"prompt_tokens": ',
        b"",
        b"[1, 2]",
        b"null",
        b"\xff\xfe",
        b'{"usage": {"prompt_tokens": -4}}',
    ],
)
async def test_an_answer_that_cannot_be_read_passes_all_the_same(
    ready: Team, upstream: Upstream, content: bytes
) -> None:
    async def nonsense(_: Got, wire: Wire) -> None:
        await wire.raw(content, content_type="application/json")

    upstream.answer = nonsense
    answer = await ready.chat()
    assert (answer.status_code, answer.content) == (200, content)
    span = (await ready.spans(1))[0]
    assert span["attributes"]["mno.gateway.estimated"] is True
    assert span["input_tokens"] > 10
    assert span["status"] == "ok"


async def test_a_model_that_the_provider_does_not_know_is_the_provider_s_answer(
    ready: Team, upstream: Upstream
) -> None:
    error = {"error": {"message": "The model does not exist.", "type": "invalid_request_error", "code": "no"}}

    async def unknown(_: Got, wire: Wire) -> None:
        await wire.json(error, 404)

    upstream.answer = unknown
    answer = await ready.chat(model="gpt-none")
    assert (answer.status_code, answer.json()) == (404, error)
    span = (await ready.spans(1))[0]
    assert (span["status"], span["status_message"]) == ("error", "The model does not exist.")
    assert span["attributes"]["http.response.status_code"] == 404


async def test_the_hub_s_credential_reaches_nobody_when_a_provider_repeats_it(
    ready: Team, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)

    async def repeats(got: Got, wire: Wire) -> None:
        said = f"Incorrect key {got.headers['authorization']}"
        status = 401 if got.json["model"] == "locked" else 400
        await wire.json({"error": {"message": said}}, status, x_echo=got.headers["authorization"])

    upstream.answer = repeats
    locked, echoed = await ready.chat(model="locked"), await ready.chat()
    assert (locked.status_code, echoed.status_code) == (502, 400)
    assert "credential that is set for it" in locked.json()["error"]["message"]
    assert locked.headers["x-should-retry"] == "false"
    for answer in (locked, echoed):
        assert CREDENTIAL not in answer.text + str(answer.headers)
    for span in await ready.spans(2):
        assert CREDENTIAL not in str(span)
        assert span["status_message"]
    assert CREDENTIAL not in caplog.text


async def test_a_provider_s_headers_do_not_act_upon_our_pages(ready: Team, upstream: Upstream) -> None:
    async def sets(_: Got, wire: Wire) -> None:
        await wire.json(completion(), set_cookie="mno_session=evil", content_security_policy="none", x_ok="1")

    upstream.answer = sets
    answer = await ready.chat()
    assert "set-cookie" not in answer.headers
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-ok"] == "1"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "not JSON"),
        (b'{"model": 5}', "'model'"),
        (b'{"model":"a","model":"gpt-4o-mini","messages":[]}', "twice"),
        (b'{"model":"gpt-4o-mini","max_tokens":"many"}', "max_tokens"),
        (b'{"model":"gpt-4o-mini","max_tokens":-1}', "max_tokens"),
    ],
)
async def test_a_malformed_body_is_refused_here(ready: Team, upstream: Upstream, content: bytes, said: str) -> None:
    answer = await ready.caller.post("/llm/up/v1/chat/completions", content=content)
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]
    assert not upstream.got


async def test_a_body_beyond_the_limit_is_refused_while_it_comes(
    ready: Team, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entrance, "MAX_REQUEST_BYTES", 100_000)
    answer = await ready.chat(pad="x" * 200_000)
    assert answer.status_code == 413
    assert "100000 bytes" in answer.json()["error"]["message"]
    monkeypatch.setattr(entrance, "MAX_REQUEST_BYTES", 1_000_000)
    monkeypatch.setattr(entrance, "MAX_REQUESTS_IN_FLIGHT_BYTES", 10)
    answer = await ready.chat()
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "1"
    assert not upstream.got


async def raw(team: Team, request: bytes) -> bytes:
    """What the hub answers to these bytes."""
    parts = urlsplit(team.hub)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(65_536), PATIENCE_S)
    finally:
        writer.close()


@pytest.mark.parametrize(
    "headers",
    [
        b"content-length: 2\r\ntransfer-encoding: chunked\r\n",
        b"content-length: 2\r\ncontent-length: 30\r\n",
        b"transfer-encoding: chunked, identity\r\n",
        b"content-length: 2\r\nx-a: b\rsmuggled: 1\r\n",
    ],
)
async def test_a_smuggled_request_reaches_no_provider(ready: Team, upstream: Upstream, headers: bytes) -> None:
    key = ready.key.encode()
    head = b"POST /llm/up/v1/chat/completions HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer " + key + b"\r\n"
    inner = b"POST /llm/up/v1/evil HTTP/1.1\r\nhost: hub\r\ncontent-length: 0\r\n\r\n"
    answer = await raw(ready, head + headers + b"\r\n0\r\n\r\n" + inner)
    assert answer.startswith(b"HTTP/1.1 400")
    assert not upstream.got


@pytest.mark.parametrize("path", [b"/llm/up/../../secret", b"/llm/up/v1/%2e%2e/secret", b"/llm/up/v1/./x"])
async def test_a_path_cannot_leave_its_provider(ready: Team, upstream: Upstream, path: bytes) -> None:
    request = b"GET " + path + b" HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer " + ready.key.encode() + b"\r\n\r\n"
    assert (await raw(ready, request)).startswith(b"HTTP/1.1 400")
    assert not upstream.got


async def test_a_client_that_does_not_send_its_body_is_not_waited_for(
    ready: Team, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "BODY_TIMEOUT_S", 0.2)
    head = b"POST /llm/up/v1/chat/completions HTTP/1.1\r\nhost: hub\r\ncontent-length: 50\r\nauthorization: Bearer "
    answer = await raw(ready, head + ready.key.encode() + b'\r\n\r\n{"mod')
    assert answer.startswith(b"HTTP/1.1 429")
    assert not upstream.got


async def test_a_client_that_drips_its_body_is_not_waited_for(
    ready: Team, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "BODY_TIMEOUT_S", 0.3)
    parts = urlsplit(ready.hub)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = b"POST /llm/up/v1/chat/completions HTTP/1.1\r\nhost: hub\r\ncontent-length: 5000\r\nauthorization: Bearer "
    writer.write(head + ready.key.encode() + b"\r\n\r\n")

    async def drip() -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b" ")
                await asyncio.sleep(0.02)

    dripping = asyncio.create_task(drip())
    answer = await asyncio.wait_for(reader.readuntil(b"did not come within"), PATIENCE_S)
    dripping.cancel()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 429")
    assert not upstream.got


async def test_a_caller_that_drips_its_headers_loses_its_connection(
    ready: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_TIMEOUT_S", 0.3)
    assert await raw(ready, b"POST /llm/up/v1/chat/completions HTTP/1.1\r\nhost: hub\r\nx-slow: ") == b""
    assert await raw(ready, b"") == b"", "nor may it say nothing at all"
    monkeypatch.setattr(connections, "HEAD_TIMEOUT_S", PATIENCE_S)
    body = orjson.dumps(CHAT)
    head = f"POST /llm/up/v1/chat/completions HTTP/1.1\r\nhost: hub\r\ncontent-length: {len(body)}\r\n"
    request = f"{head}authorization: Bearer {ready.key}\r\n\r\n".encode() + body
    assert (await raw(ready, request)).startswith(b"HTTP/1.1 200")


async def test_a_client_that_does_not_read_is_as_good_as_gone(
    ready: Team, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entrance, "CLIENT_TIMEOUT_S", 0.3)
    cut = asyncio.Event()

    async def pours(_: Got, wire: Wire) -> None:
        await wire.start_stream()
        try:
            while True:
                await wire.event({"id": "c", "choices": [{"index": 0, "delta": {"content": "x" * 60_000}}]})
        except ConnectionError:
            cut.set()

    upstream.answer = pours
    parts = urlsplit(ready.hub)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1024)
    body = b'{"model":"gpt-4o-mini","messages":[],"stream":true}'
    head = "POST /llm/up/v1/chat/completions HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer "
    writer.write(f"{head}{ready.key}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
    await asyncio.wait_for(cut.wait(), PATIENCE_S)
    writer.close()
    span = (await ready.spans(1))[0]
    assert span["attributes"]["mno.gateway.cut"] is True


async def test_a_private_address_is_not_reached_unless_an_administrator_lets_it(team: Team, upstream: Upstream) -> None:
    await team.add("up", upstream.url)
    wish = {"level": "hub", "values": {"security.egress_allowed": []}}
    assert (await team.admin.put("/api/config/system", json=wish)).status_code == 200
    answer = await team.caller.post("/llm/up/v1/chat/completions", json=CHAT)
    assert answer.status_code == 400
    assert "security.egress_allowed" in answer.json()["error"]["message"]
    assert not upstream.got
