"""What a client may send, over a real socket: each mistake has its code and its status."""

from typing import Any

import orjson
import pytest

from integration.mcp_gateway.conftest import ACCEPT, META, MODERN, Team, modern


def asks(method: str = "tools/list", **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": {"_meta": META, **params}}


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", modern("tools/list"), 400, -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":' + b"[" * 200_000, modern("x"), 400, -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"\xff"}', modern("x"), 400, -32700),
        (orjson.dumps([asks()]), modern("tools/list"), 400, -32600),
        (orjson.dumps({**asks(), "id": None}), modern("tools/list"), 400, -32600),
        (orjson.dumps({**asks(), "id": 1.5}), modern("tools/list"), 400, -32600),
        (orjson.dumps({"jsonrpc": "2.0", "id": 7, "result": {}}), modern("tools/list"), 400, -32600),
        (orjson.dumps({**asks(), "params": []}), modern("tools/list"), 400, -32602),
        (orjson.dumps({**asks(), "params": {}}), modern("tools/list"), 400, -32602),
        (orjson.dumps(asks()), modern("tools/call"), 400, -32020),
        (orjson.dumps(asks()), ACCEPT, 400, -32020),
        (orjson.dumps(asks("tools/call", name="a_b")), modern("tools/call", "a_c"), 400, -32020),
        (orjson.dumps(asks("tools/call", name="a_b")), modern("tools/call", "a_b"), 400, -32602),
        (orjson.dumps(asks("tools/call", name="a_b")), modern("tools/call", "=?base64?YV9i?="), 400, -32602),
        (orjson.dumps(asks("tasks/list")), modern("tasks/list"), 404, -32601),
        (orjson.dumps(asks("resources/subscribe")), modern("resources/subscribe"), 404, -32601),
        (orjson.dumps(asks("initialize")), modern("initialize"), 404, -32601),
        (orjson.dumps({"jsonrpc": "2.0", "id": 7, "method": "server/discover"}), ACCEPT, 200, -32601),
        (
            orjson.dumps({"jsonrpc": "2.0", "id": 7, "method": "ping"}),
            {**ACCEPT, "mcp-protocol-version": "2031-01-01"},
            400,
            -32022,
        ),
    ],
)
async def test_a_mistake_has_its_code_and_its_status(
    team: Team, body: bytes, headers: dict[str, str], status: int, code: int
) -> None:
    answer = await team.caller.post("/mcp", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_a_header_that_stands_twice_is_refused(team: Team) -> None:
    twice = [*modern("tools/list").items(), ("mcp-method", "tools/list")]
    answer = await team.caller.post("/mcp", json=asks(), headers=twice)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32020)


async def test_what_is_no_message_of_the_protocol_has_a_status_of_http(team: Team) -> None:
    headers = modern("tools/list")
    assert (await team.caller.get("/mcp", headers=headers)).status_code == 405
    assert (await team.caller.delete("/mcp", headers=headers)).status_code == 405
    assert (await team.caller.post("/mcp", json=asks(), headers={**headers, "accept": "text/html"})).status_code == 406
    as_text = {**headers, "content-type": "text/plain"}
    assert (await team.caller.post("/mcp", content=b"{}", headers=as_text)).status_code == 415
    assert (await team.caller.post("/mcp", content=b" " * 4_200_000, headers=headers)).status_code == 413
    assert (await team.caller.post("/mcp/a/b", json=asks(), headers=headers)).status_code == 404
    assert (await team.caller.post("/mcpx", json=asks(), headers=headers)).status_code == 404
    unknown = await team.caller.post("/mcp/unknown", json=asks(), headers=headers)
    assert (unknown.status_code, unknown.json()["error"]["code"], unknown.json()["id"]) == (400, -32602, 7)


async def test_the_hub_tells_what_it_speaks_in_both_eras(team: Team) -> None:
    found = (await team.ask("server/discover")).json()["result"]
    assert MODERN in found["supportedVersions"]
    assert found["resultType"] == "complete"
    for wanted, given in (("2025-06-18", "2025-06-18"), ("2019-01-01", "2025-11-25")):
        wish = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": wanted}}
        answer = await team.caller.post("/mcp", json=wish, headers=ACCEPT)
        assert answer.json()["result"]["protocolVersion"] == given
    note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert (await team.caller.post("/mcp", json=note, headers=ACCEPT)).status_code == 202
