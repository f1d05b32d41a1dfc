"""Whatever the order in which a server answers, each caller gets its own, and nobody hears of another's call."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import MODERN, Object, Raw
from mno.mcp_gateway.protocol.question import Question, ServerTrouble
from mno.mcp_gateway.ways.duplex.conversation import MAX_WAITING_NOTIFICATIONS, Conversation
from mno.platform.errors import TooLarge


class Server:
    """What was written to it, and a conversation with it that is settled."""

    def __init__(self, version: str = MODERN) -> None:
        self.told: list[dict[str, Any]] = []
        self.conversation = Conversation("test", self._write)
        self.conversation.version = version

    async def _write(self, body: bytes) -> None:
        self.told.append(json.loads(body))

    def say(self, value: Any) -> None:
        self.conversation.take(json.dumps(value).encode())

    def asked(self, mark: str) -> dict[str, Any]:
        """The request of one caller, as it came."""
        return next(one for one in self.told if one.get("params", {}).get("mark") == mark)


def question(mark: str, token: Any = None, *, timeout_s: float = 20, limit: int = 10_000) -> Question:
    params = {"mark": Raw(message.encoded(mark))}
    if token is not None:
        params["_meta"] = Raw(message.encoded({"progressToken": token}))
    return Question("tools/call", params, "echo", timeout_s, limit)


async def everything(server: Server, asked: Question) -> list[Object]:
    return [one async for one in server.conversation.ask(asked)]


async def written(server: Server, count: int) -> None:
    while len(server.told) < count:
        await asyncio.sleep(0)


@given(
    st.lists(st.sampled_from([None, 1, "1", "a", 2**40]), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
    st.integers(0, 4),
)
def test_each_caller_gets_its_own_answer_and_progress(tokens: list[Any], random: Any, steps: int) -> None:
    async def run() -> None:
        server = Server()
        callers = [
            asyncio.create_task(everything(server, question(str(number), token))) for number, token in enumerate(tokens)
        ]
        await written(server, len(tokens))
        says: list[list[dict[str, Any]]] = []
        for number in range(len(tokens)):
            request = server.asked(str(number))
            token = request["params"]["_meta"].get("progressToken")
            progress = {"progressToken": token, "message": str(number)}
            told = [{"jsonrpc": "2.0", "method": "notifications/progress", "params": progress}] * steps
            says.append([*told, {"jsonrpc": "2.0", "id": request["id"], "result": {"mark": str(number)}}])
        while remaining := [one for one in says if one]:
            server.say(random.choice(remaining).pop(0))
            if random.random() < 0.3:
                await asyncio.sleep(0)
        for number, (token, caller) in enumerate(zip(tokens, callers, strict=True)):
            *progress_told, response = await caller
            assert message.value_of(response["result"]) == {"mark": str(number)}
            params = [message.value_of(one["params"]) for one in progress_told]
            assert len(params) == (0 if token is None else steps)
            assert all((one["progressToken"], one["message"]) == (token, str(number)) for one in params)

    asyncio.run(run())


async def test_a_flood_of_progress_drops_the_oldest_and_keeps_the_answer() -> None:
    server = Server()
    caller = asyncio.create_task(everything(server, question("a", 1)))
    await written(server, 1)
    own = server.told[0]["id"]
    for step in range(MAX_WAITING_NOTIFICATIONS + 5):
        told = {"progressToken": own, "progress": step}
        server.say({"jsonrpc": "2.0", "method": "notifications/progress", "params": told})
    server.say({"jsonrpc": "2.0", "id": own, "result": {}})
    *progress, response = await caller
    assert (len(progress), "result" in response) == (MAX_WAITING_NOTIFICATIONS, True)
    assert message.value_of(progress[0]["params"])["progress"] == 5


async def test_a_caller_that_leaves_cancels_its_own_call_alone() -> None:
    server = Server()
    leaving, staying = (asyncio.create_task(everything(server, question(mark))) for mark in ("a", "b"))
    await written(server, 2)
    leaving.cancel()
    await asyncio.wait({leaving})
    await written(server, 3)
    assert server.told[2]["params"] == {"requestId": server.asked("a")["id"]}
    server.say({"jsonrpc": "2.0", "id": server.asked("a")["id"], "result": {}})
    server.say({"jsonrpc": "2.0", "id": server.asked("b")["id"], "error": {"code": 1, "message": "no"}})
    assert message.error_code((await staying)[-1]) == 1


async def test_an_end_fails_every_call_and_too_long_an_answer_its_own() -> None:
    server = Server()
    large, other = (asyncio.create_task(everything(server, question(mark, limit=100))) for mark in ("a", "b"))
    await written(server, 2)
    server.say({"jsonrpc": "2.0", "id": server.asked("a")["id"], "result": {"text": "x" * 200}})
    with pytest.raises(TooLarge):
        await large
    server.conversation.end(ServerTrouble("over"))
    with pytest.raises(ServerTrouble, match="over"):
        await other


async def test_a_server_may_not_ask_back_but_may_look_whether_the_hub_is_there() -> None:
    server = Server("2025-11-25")
    server.say({"jsonrpc": "2.0", "id": "p", "method": "ping"})
    server.say({"jsonrpc": "2.0", "id": 7, "method": "sampling/createMessage", "params": {}})
    await written(server, 2)
    assert server.told[0] == {"jsonrpc": "2.0", "id": "p", "result": {}}
    assert (server.told[1]["id"], server.told[1]["error"]["code"]) == (7, message.METHOD_NOT_FOUND)


async def test_changes_go_to_whoever_listens_and_resources_are_subscribed_at_an_older_server() -> None:
    server = Server("2025-11-25")
    wanted = {"notifications": Raw(message.encoded({"resourceSubscriptions": ["file:///a"]}))}
    listening = server.conversation.ask(Question("subscriptions/listen", wanted, None, 20, 10_000))
    following = asyncio.ensure_future(anext(listening))
    await written(server, 1)
    assert (server.told[0]["method"], server.told[0]["params"]["uri"]) == ("resources/subscribe", "file:///a")
    server.say({"jsonrpc": "2.0", "id": server.told[0]["id"], "result": {}})
    for _ in range(20):  # it takes some turns of the loop until it listens
        await asyncio.sleep(0)
    changed = {"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": "file:///a"}}
    server.say({"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "of somebody else"}})
    server.say(changed)
    assert message.value_of((await following)["params"]) == {"uri": "file:///a"}
    await listening.aclose()
    assert len(server.told) == 1


@given(st.binary(max_size=60))
def test_no_message_does_harm(raw: bytes) -> None:
    async def run() -> None:
        server = Server()
        server.conversation.take(raw)

    asyncio.run(run())
