"""What passes between one request of a client and its server, each of whichever era: messages, and questions back.

In the older era a server asks its client in the middle of an answer; in the newer one it ends its answer with what it
wants to know, and the client asks again with that. A client of one era and a server of the other do not notice:

- **newer client, older server**: the question ends the answer, the call waits (`parked.py`), the retry continues it.
- **older client, newer server**: the result becomes questions on the client's stream, their answers go into a retry.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import NamedTuple

from mno.mcp_gateway.clients.parked import Parked, ParkedCall, is_state, result_of
from mno.mcp_gateway.clients.sessions import Owner, Session
from mno.mcp_gateway.clients.targets import Target
from mno.mcp_gateway.protocol import answers, levels, message
from mno.mcp_gateway.protocol.message import Object, Raw, Request, RpcError
from mno.mcp_gateway.protocol.question import ASKABLE, INPUT_TIMEOUT_S, ServerQuestion
from mno.mcp_gateway.servers.service import Ready

#: How often a newer server may ask within one call of an older client.
MAX_ROUNDS = 10
#: What a server may ask at once.
MAX_QUESTIONS_AT_ONCE = 16

_CANNOT = "The client of this request cannot be asked for that."

Ask = Callable[[Object], AsyncGenerator[Object]]


class Caller(NamedTuple):
    """Who waits for the answer: its request, and its session where it is of the older era and has one."""

    owner: Owner
    request: Request
    session: Session | None

    def answers(self, method: str) -> bool:
        """Whether its client says that it can be asked this."""
        if not self.request.is_modern:
            return self.session is not None and method in self.session.answers
        declared = answers.members_of(self.request.meta.get(message.CAPABILITIES_KEY, Raw(b"{}")))
        return ASKABLE.get(method, "") in declared

    def wants(self, notification: Object) -> bool:
        """Whether it is told of this notification about its request."""
        match message.text_of(notification["method"]):
            case "notifications/progress":
                return True
            case "notifications/elicitation/complete":
                return not self.request.is_modern
            case "notifications/message" if self.request.is_modern:
                return levels.lets_through(
                    message.text_of(self.request.meta.get(message.LOG_LEVEL_KEY)) or "", notification
                )
            case "notifications/message":
                level = self.session.level if self.session is not None else ""
                return levels.lets_through(level or levels.DEFAULT_LEVEL, notification)
        return False


class Relay:
    """For all requests of one process. `said` is told what a server says in an answer that is not about the request."""

    def __init__(self, said: Callable[[Ready, Object], None]) -> None:
        self._said = said
        self.parked = Parked()
        self._returning: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        for task in self._returning:
            task.cancel()
        await self.parked.close()

    async def messages(self, caller: Caller, target: Target, params: Object, ask: Ask) -> AsyncGenerator[Object]:
        """Notifications and questions for the client, then the response; `ask` puts the request to its server."""
        about = (caller.request.method, target.ready.server.id.hex, target.name)
        for _ in range(MAX_ROUNDS):
            response: Object = {}
            messages = await self._continued(caller, about, params, ask)
            is_kept = False
            try:
                async for one in messages:
                    if isinstance(one, ServerQuestion):
                        if not caller.answers(one.method):
                            await one.refuse(_CANNOT)
                        elif caller.request.is_modern:
                            call = ParkedCall(caller.owner, about, messages, {"question": one})
                            self.parked.put(call)
                            is_kept = True
                            yield {"result": Raw(message.encoded(result_of(call)))}
                            return
                        else:
                            yield self._passed_on(caller, one)
                    elif "method" not in one:
                        response = one
                    elif caller.wants(one):
                        yield one
                    else:
                        self._said(target.ready, one)
            finally:
                if not is_kept:
                    await messages.aclose()
            # most results are not taken apart for it
            if caller.request.is_modern or b"input_required" not in bytes(response.get("result", b"")):
                break
            asked = answers.members_of(response["result"])
            if message.text_of(asked.get("resultType")) != "input_required":
                break
            questions, waiting = self._questions(caller, asked)
            for one in questions:
                yield one
            params = {**params, **await _answered(caller, asked, waiting)}
        else:
            raise _refused(caller, f"The server asked {MAX_ROUNDS} times in one call, which is the limit.")
        yield response

    async def _continued(
        self, caller: Caller, about: tuple[str, str, str], params: Object, ask: Ask
    ) -> AsyncGenerator[Object]:
        """The call that this request continues, or a new one."""
        state = message.text_of(params.get("requestState"))
        if state is None or not is_state(state):
            return ask(params)
        call = self.parked.take(state, caller.owner, about)
        if call is None:
            raise _refused(caller, "No call waits with this requestState (any more); make the call anew.")
        given = answers.members_of(params.get("inputResponses", Raw(b"{}")))
        missing = {key: one for key, one in call.questions.items() if not _is_object(given.get(key))}
        if missing:
            self.parked.put(call)
            return _again(call)
        for key, question in call.questions.items():
            await question.answer({"result": given[key]})
        return call.messages

    def _passed_on(self, caller: Caller, question: ServerQuestion) -> Object:
        """The question as the client hears it; its answer finds the way back by itself."""
        assert caller.session is not None
        question_id, answer = caller.session.expect()
        task = asyncio.get_running_loop().create_task(_returned(question, answer), name="mcp-question")
        self._returning.add(task)
        task.add_done_callback(self._returning.discard)
        return {**question, "id": Raw(question_id)}

    def _questions(self, caller: Caller, asked: Object) -> tuple[list[Object], dict[str, "asyncio.Future[Object]"]]:
        """What a newer server wants to know, as questions to a client of the older era."""
        found = answers.members_of(asked.get("inputRequests", Raw(b"{}")))
        if len(found) > MAX_QUESTIONS_AT_ONCE:
            raise _refused(caller, f"The server asks more than {MAX_QUESTIONS_AT_ONCE} questions at once.")
        questions: list[Object] = []
        waiting: dict[str, asyncio.Future[Object]] = {}
        for key, raw in found.items():
            question = answers.members_of(raw)
            method = message.text_of(question.get("method")) or ""
            if method not in ASKABLE or not caller.answers(method):
                text = f"The server asks for input ({method[:80]}), which this client does not offer"
                hint = "" if caller.session else ", having no session; begin one with initialize"
                raise _refused(caller, f"{text}{hint}.")
            assert caller.session is not None
            question_id, waiting[key] = caller.session.expect()
            own = {"jsonrpc": Raw(b'"2.0"'), "id": Raw(question_id), "method": question["method"]}
            questions.append({**own, "params": question.get("params", Raw(b"{}"))})
        return questions, waiting


async def _answered(caller: Caller, asked: Object, waiting: dict[str, "asyncio.Future[Object]"]) -> Object:
    """The members of the retry: what the client answered, and the server's own state."""
    responses: Object = {}
    try:
        if waiting:
            await asyncio.wait(waiting.values(), timeout=INPUT_TIMEOUT_S)
        else:
            await asyncio.sleep(0.2)  # the server wants to be asked again, later
        for key, future in waiting.items():
            if not future.done() or future.cancelled():
                raise _refused(caller, f"The client did not answer what the server asked within {INPUT_TIMEOUT_S:g} s.")
            response = future.result()
            if "result" not in response:
                raise _refused(caller, f"The client did not give what the server asked for: {message.told(response)}")
            responses[key] = response["result"]
    finally:
        for future in waiting.values():
            future.cancel()
    state = {"requestState": asked["requestState"]} if "requestState" in asked else {}
    return {**state, **({"inputResponses": Raw(message.encoded(responses))} if responses else {})}


async def _returned(question: ServerQuestion, answer: "asyncio.Future[Object]") -> None:
    try:
        response = await asyncio.wait_for(answer, INPUT_TIMEOUT_S)
    except TimeoutError:
        await question.refuse("The client did not answer in time.")
        return
    await question.answer(response)


async def _again(call: ParkedCall) -> AsyncGenerator[Object]:
    """What was asked before, for a retry without the answer."""
    yield {"result": Raw(message.encoded(result_of(call)))}


def _is_object(raw: Raw | None) -> bool:
    return raw is not None and bytes(raw).lstrip()[:1] == b"{"


def _refused(caller: Caller, text: str) -> RpcError:
    return RpcError(message.INVALID_PARAMS, text, request_id=caller.request.id or b"null")
