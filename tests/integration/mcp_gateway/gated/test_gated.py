"""Calls that need approval: asked for once, decided by whoever may, carried out once, known of afterwards."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from integration.mcp_gateway.gated.conftest import Counting, in_state, over, waiting
from mno.approvals.model import Decision, Outcome
from mno.approvals.model import State as ApprovalState
from mno.mcp_gateway.calls.service import CallWaitsError
from mno.mcp_gateway.gated import service
from mno.mcp_gateway.gated.model import GatedState
from mno.mcp_gateway.gated.schemas import ApprovalAction
from mno.mcp_gateway.given import Given
from mno.mcp_gateway.model import Caps
from mno.mcp_gateway.policies.model import ApprovalTerms
from mno.mcp_gateway.protocol.question import ServerTrouble
from mno.platform.errors import Conflict, Denied, Invalid, LimitExceeded, NotFound, TooLarge
from support.gate import GateNode, a_gate
from support.promises import PATIENCE_S

CONTINUE, DEGRADE, ABORT = ApprovalAction.CONTINUE, ApprovalAction.DEGRADE, ApprovalAction.ABORT


async def decide(
    gate: GateNode, decider: Any, call: Any, action: ApprovalAction, arguments: Any = None, note: str = ""
) -> Any:
    return await gate.mcp.gated.deciding.decide(decider, call.id, action, arguments, note)


async def test_a_call_waits_is_approved_carried_out_once_and_answered_to_who_waits(
    gate: GateNode, counting: Counting
) -> None:
    await gate.rule(tool="spend", approval=ApprovalTerms(), records_arguments=True)
    agent, owner = await gate.agent(), await gate.owner()
    asking = asyncio.create_task(gate.call(agent, "spend", PATIENCE_S, n=1, who="ann@example.com"))
    async with asyncio.timeout(PATIENCE_S):
        while not (seen := await gate.approvals.page(owner, ApprovalState.OPEN, None, 10)):
            await asyncio.sleep(0.02)
    approval = seen[0].approval
    assert approval.proposal.title == "Call up_spend"
    assert approval.proposal.proposed["arguments"] == {"n": 1, "who": "[email]"}
    assert counting.made == []
    await gate.approvals.decide(owner, approval.id, Decision.APPROVE)
    assert await asking == counting.value
    assert counting.made == [{"n": 1, "who": "ann@example.com"}], "as it was asked, not as it was shown"
    call = (await gate.mcp.gated.calls.page(owner, None))[0]
    assert (call.state, call.note, call.params, call.delivered) == (GatedState.DONE, "", None, True)
    span = gate.spans.calls[-1]
    assert (span.attributes["mno.mcp.approval"][:4], span.caller.key[:4], span.failed) == ("apr_", "key_", False)
    assert len(gate.spans.calls) == 1, "waiting is no call"


async def test_the_same_call_asked_again_is_the_same_and_its_outcome_is_given_once(
    gate: GateNode, counting: Counting
) -> None:
    await gate.rule(approval=ApprovalTerms())
    agent, owner = await gate.agent(), await gate.owner()
    call = await waiting(gate, agent, n=1, who="x")
    assert (await waiting(gate, agent, who="x", n=1)).id == call.id
    others = await waiting(gate, await gate.agent("other"), n=1, who="x")
    assert len({call.id, others.id, (await waiting(gate, agent, n=2)).id}) == 3
    await decide(gate, owner, call, CONTINUE)
    await over(gate, owner, call)
    assert await gate.call(agent, "spend", n=1, who="x") == counting.value
    assert len(counting.made) == 1
    assert (await waiting(gate, agent, n=1, who="x")).id != call.id, "it was given its outcome"


async def test_an_idempotency_key_means_one_call_for_as_long_as_it_is_kept(gate: GateNode, counting: Counting) -> None:
    await gate.rule(approval=ApprovalTerms())
    agent, owner = await gate.agent(), await gate.owner()
    key = [(b"idempotency-key", b"k-1")]

    async def keyed(n: int) -> Any:
        return (await gate.mcp.calls.call(agent, "up", "spend", {"n": n}, Caps(timeout_s=0.01), key)).result

    with pytest.raises(CallWaitsError) as waits:
        await keyed(1)
    await decide(gate, owner, waits.value.call, CONTINUE)
    await over(gate, owner, waits.value.call)
    assert [await keyed(1) for _ in range(3)] == [counting.value] * 3
    with pytest.raises(CallWaitsError) as other:
        await keyed(2)
    assert other.value.call.id != waits.value.call.id
    assert len(counting.made) == 1


async def test_who_may_not_decide_does_not(gate: GateNode, counting: Counting) -> None:
    await gate.rule(approval=ApprovalTerms())
    maker = await gate.person("maker")
    call = await waiting(gate, maker, n=1)
    for decider, why in ((maker, "Whoever asked may not decide"), (await gate.agent(), "not by a key")):
        with pytest.raises(Denied, match=why):
            await decide(gate, decider, call, CONTINUE)
    viewer = await gate.node.person(gate.home, "viewer")
    with pytest.raises(Denied, match=r"approvals\.decide is missing"):
        await decide(gate, viewer, call, CONTINUE)
    with pytest.raises(NotFound):
        await gate.found(await gate.node.person(gate.home, "stranger"), call)
    assert counting.made == []


async def test_a_refused_call_is_not_made_and_its_caller_hears_why(gate: GateNode, counting: Counting) -> None:
    await gate.rule(approval=ApprovalTerms())
    agent, owner = await gate.agent(), await gate.owner()
    call = await waiting(gate, agent, n=1)
    await decide(gate, owner, call, ABORT, note="not today")
    with pytest.raises(Denied, match=r"not approved\. Owner refused it: not today"):
        await gate.call(agent, "spend", n=1)
    assert (await gate.found(owner, call)).state is GatedState.REFUSED
    with pytest.raises(Conflict, match="refused already"):
        await decide(gate, owner, call, CONTINUE)
    assert counting.made == []


@pytest.mark.parametrize("default", list(Outcome))
async def test_what_nobody_decides_in_time_goes_as_the_rule_says(
    gate: GateNode, counting: Counting, default: Outcome
) -> None:
    await gate.rule(approval=ApprovalTerms(lifetime=timedelta(seconds=10), on_expiry=default))
    agent, owner = await gate.agent(), await gate.owner()
    call = await waiting(gate, agent, n=1)
    async with gate.node.database.across_teams() as tx:
        await tx.execute("UPDATE approvals_requests SET expires_at = now()")
    await gate.approvals.expire_due()
    found = await over(gate, owner, call)
    if default is Outcome.ALLOW:
        assert (found.state, len(counting.made)) == (GatedState.DONE, 1)
    else:
        assert (found.state, found.note) == (GatedState.REFUSED, "Nobody decided in time, which means no.")
        assert counting.made == []


async def test_a_call_is_degraded_to_arguments_that_its_schema_allows(gate: GateNode, counting: Counting) -> None:
    await gate.rule(approval=ApprovalTerms())
    agent, owner = await gate.agent(), await gate.owner()
    call = await waiting(gate, agent, n=1000, who="x")
    for arguments, why in (({"n": "many"}, "integer"), ({}, "required"), (None, "needs them")):
        with pytest.raises(Invalid, match=why):
            await decide(gate, owner, call, DEGRADE, arguments)
    with pytest.raises(Invalid, match="belong to 'degrade'"):
        await decide(gate, owner, call, CONTINUE, {"n": 1})
    with pytest.raises(Denied):
        await decide(gate, agent, call, DEGRADE, {"n": 10})
    await decide(gate, owner, call, DEGRADE, {"n": 10})
    found = await over(gate, owner, call)
    assert (found.changed, found.shown, counting.made) == (True, {"n": 10}, [{"n": 10}])
    assert await gate.call(agent, "spend", n=1000, who="x") == counting.value
    with pytest.raises(Conflict, match="decided already"):
        await decide(gate, owner, call, DEGRADE, {"n": 11})


async def test_two_people_approve_the_same_at_the_same_moment_and_it_happens_once(
    gate: GateNode, counting: Counting
) -> None:
    await gate.rule(approval=ApprovalTerms(persons=2))
    agent, owner = await gate.agent(), await gate.owner()
    call = await waiting(gate, agent, n=1)
    with pytest.raises(Conflict, match="Two people decide"):
        await decide(gate, owner, call, DEGRADE, {"n": 2})
    people = [owner, await gate.person("Ann"), await gate.person("Bob"), owner]
    outcomes = await asyncio.gather(*(decide(gate, one, call, CONTINUE) for one in people), return_exceptions=True)
    assert sum(isinstance(one, Conflict) for one in outcomes) == 2, outcomes
    assert (await over(gate, owner, call)).state is GatedState.DONE
    assert counting.made == [{"n": 1}]


async def test_many_processes_carry_an_approved_call_out_once(
    gate: GateNode, counting: Counting, postgres_url: str, folder: Path
) -> None:
    await gate.rule(approval=ApprovalTerms())
    agent, owner = await gate.agent(), await gate.owner()
    async with a_gate(postgres_url, folder), a_gate(postgres_url, folder):
        calls = [await waiting(gate, agent, n=n) for n in range(8)]
        await asyncio.gather(*(decide(gate, owner, call, CONTINUE) for call in calls))
        assert {(await over(gate, owner, call)).state for call in calls} == {GatedState.DONE}
    assert sorted(one["n"] for one in counting.made) == list(range(8))


async def test_who_waits_in_another_process_hears_of_the_end_at_once(
    gate: GateNode, counting: Counting, postgres_url: str, folder: Path
) -> None:
    await gate.rule(approval=ApprovalTerms())
    agent, owner = await gate.agent(), await gate.owner()
    async with a_gate(postgres_url, folder, carries_out=False) as other:
        asking = asyncio.create_task(other.call(agent, "spend", PATIENCE_S, n=1))
        async with asyncio.timeout(PATIENCE_S):
            while not (calls := await gate.mcp.gated.calls.page(owner, None)):
                await asyncio.sleep(0.02)
        await decide(gate, owner, calls[0], CONTINUE)
        assert await asking == counting.value


async def test_what_was_sent_and_not_answered_is_unknown_and_not_sent_again(gate: GateNode, counting: Counting) -> None:
    await gate.rule(approval=ApprovalTerms(), idempotent=True, retries=3)
    agent, owner = await gate.agent(), await gate.owner()
    counting.status = 503
    call = await waiting(gate, agent, n=1)
    await decide(gate, owner, call, CONTINUE)
    found = await over(gate, owner, call)
    assert (found.state, "503" in found.note, len(counting.made)) == (GatedState.UNKNOWN, True, 1)
    with pytest.raises(ServerTrouble, match="not known whether"):
        await gate.call(agent, "spend", n=1)


async def test_what_changed_meanwhile_is_asked_again_before_anything_is_sent(
    gate: GateNode, counting: Counting
) -> None:
    await gate.rule(approval=ApprovalTerms())
    owner = await gate.owner()
    gone, moved = await gate.agent("gone"), await gate.agent("moved")
    first, second = await waiting(gate, gone, n=1), await waiting(gate, moved, n=2)
    await gate.node.access.keys.revoke(owner, gone.id)
    await decide(gate, owner, first, CONTINUE)
    found = await over(gate, owner, first)
    assert (found.state, "was revoked" in found.note) == (GatedState.FAILED, True)
    server = (await gate.mcp.registry.servers(owner))[0]
    await gate.mcp.registry.change(owner, server.id, {"enabled": False}, Given())
    await decide(gate, owner, second, CONTINUE)
    found = await over(gate, owner, second)
    assert (found.state, "switched off" in found.note) == (GatedState.FAILED, True)
    with pytest.raises(NotFound):
        await gate.call(moved, "spend", n=2)
    assert counting.made == []


async def test_an_approved_call_waits_for_a_limit_instead_of_failing(gate: GateNode, counting: Counting) -> None:
    await gate.rule(approval=ApprovalTerms(), concurrent_calls=1)
    agent, owner = await gate.agent(), await gate.owner()
    counting.held = asyncio.Event()
    calls = [await waiting(gate, agent, n=n) for n in range(2)]
    for call in calls:
        await decide(gate, owner, call, CONTINUE)
        await in_state(gate, owner, call, GatedState.RUNNING)
    counting.held.set()
    assert {(await over(gate, owner, call)).state for call in calls} == {GatedState.DONE}


async def test_a_call_that_nobody_could_read_and_bad_arguments_are_not_asked_for(
    gate: GateNode, counting: Counting
) -> None:
    await gate.rule(approval=ApprovalTerms())
    agent, owner = await gate.agent(), await gate.owner()
    with pytest.raises(TooLarge, match="32768 bytes of arguments"):
        await gate.call(agent, "spend", n=1, who="x" * 40_000)
    with pytest.raises(Invalid):
        await gate.call(agent, "spend", n="one")
    assert await gate.approvals.page(owner, None, None, 10) == []
    assert counting.made == []


async def test_nobody_fills_the_desk_of_those_who_decide(
    gate: GateNode, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_WAITING_CALLS_EACH", 3)
    await gate.rule(approval=ApprovalTerms())
    agent = await gate.agent()
    first, *_ = [await waiting(gate, agent, n=n) for n in range(3)]
    with pytest.raises(LimitExceeded, match="3 calls of 'agent' wait"):
        await gate.call(agent, "spend", n=3)
    await waiting(gate, await gate.agent("other"), n=3)
    await decide(gate, await gate.owner(), first, ABORT)
    await waiting(gate, agent, n=3)
    assert counting.made == []


async def test_others_see_a_result_redacted_and_who_asked_as_it_was(gate: GateNode, counting: Counting) -> None:
    await gate.rule(approval=ApprovalTerms())
    agent, owner = await gate.agent(), await gate.owner()
    counting.value = {"content": [{"type": "text", "text": "for ann@example.com"}]}
    call = await waiting(gate, agent, n=1)
    await decide(gate, owner, call, CONTINUE)
    await over(gate, owner, call)
    _, own = await gate.mcp.gated.calls.get(agent, call.id)
    _, others = await gate.mcp.gated.calls.get(owner, call.id)
    assert (b"ann@example.com" in (own or b""), b"[email]" in (others or b""), b"ann@" in (others or b"")) == (
        True,
        True,
        False,
    )
    async with gate.node.database.across_teams() as tx:
        row = await (await tx.execute("SELECT response FROM mcp_gated_calls")).fetchone()
        await tx.execute("UPDATE mcp_gated_calls SET forget_at = now()")
    assert row is not None
    assert b"ann@" not in bytes(row["response"])
    await gate.mcp.gated.runner.forget_old()
    with pytest.raises(NotFound):
        await gate.found(owner, call)


async def test_a_response_that_is_too_large_to_keep_is_said_to_be_made(gate: GateNode, counting: Counting) -> None:
    await gate.rule(approval=ApprovalTerms())
    agent, owner = await gate.agent(), await gate.owner()
    counting.value = {"content": [{"type": "text", "text": "x" * 1_100_000}]}
    call = await waiting(gate, agent, n=1)
    await decide(gate, owner, call, CONTINUE)
    assert (await over(gate, owner, call)).state is GatedState.DONE
    with pytest.raises(TooLarge, match="was made"):
        await gate.call(agent, "spend", n=1)
    assert issubclass(TooLarge, LimitExceeded)
