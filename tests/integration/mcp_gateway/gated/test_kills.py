"""Processes that carry out approved calls are killed at any moment: no call is made twice, and none is forgotten."""

import asyncio
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

from integration.mcp_gateway.gated.conftest import Counting, over, waiting
from mno.approvals.model import Decision
from mno.mcp_gateway.gated.model import GatedCall, GatedState
from mno.mcp_gateway.policies.model import ApprovalTerms
from support import gate as driver
from support.coverage import UNMEASURED
from support.gate import a_gate
from support.promises import PATIENCE_S

KILLS = 4
CALLS_BETWEEN_KILLS = 12
LEASE_S = 1.5
#: A process is killed this long after calls were approved, in seconds.
LATEST_S = 0.25


def started(url: str, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(driver.__file__), url, str(folder), str(LEASE_S)]
    found = os.environ | {"PYTHONPATH": str(Path(str(driver.__file__)).parents[1])} | UNMEASURED
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=found)


def killed(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def ready(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"


async def test_no_call_is_made_twice_and_none_is_forgotten_when_processes_are_killed(
    postgres_url: str, folder: Path, counting: Counting
) -> None:
    chance = random.Random()
    async with a_gate(postgres_url, folder, carries_out=False) as gate:
        await gate.server("up", counting.upstream.url, timeout_s=60)
        await gate.rule(approval=ApprovalTerms())
        agent, owner = await gate.agent(), await gate.owner()
        processes = [started(postgres_url, folder), started(postgres_url, folder)]
        calls: list[GatedCall] = []
        try:
            for process in processes:
                await asyncio.to_thread(ready, process)
            for _ in range(KILLS):
                some = [await waiting(gate, agent, n=len(calls) + n) for n in range(CALLS_BETWEEN_KILLS)]
                calls += some
                for call in some:
                    await gate.approvals.decide(owner, call.id, Decision.APPROVE)
                await asyncio.sleep(chance.uniform(0, LATEST_S))
                victim = chance.randrange(2)
                killed(processes[victim])
                processes[victim] = started(postgres_url, folder)
            ended = [await over(gate, owner, call) for call in calls]
        finally:
            for process in processes:
                killed(process)
    made = Counter(one["n"] for one in counting.made)
    assert set(made.values()) <= {1}, "a call was made twice"
    states = {call.shown["n"]: call.state for call in ended}
    assert set(states.values()) <= {GatedState.DONE, GatedState.UNKNOWN}
    assert all(made[n] == 1 for n, state in states.items() if state is GatedState.DONE)
    assert GatedState.DONE in states.values()


async def test_what_a_killed_process_ran_is_unknown_and_the_rest_is_carried_out_after_a_restart(
    postgres_url: str, folder: Path, counting: Counting
) -> None:
    counting.held = asyncio.Event()
    async with a_gate(postgres_url, folder, LEASE_S, carries_out=False) as gate:
        await gate.server("up", counting.upstream.url, timeout_s=60)
        await gate.rule(approval=ApprovalTerms())
        agent, owner = await gate.agent(), await gate.owner()
        running, left = await waiting(gate, agent, n=1), await waiting(gate, agent, n=2)
        process = started(postgres_url, folder)
        try:
            await gate.approvals.decide(owner, running.id, Decision.APPROVE)
            async with asyncio.timeout(PATIENCE_S):
                while not counting.made:
                    await asyncio.sleep(0.02)
        finally:
            killed(process)
        assert (await gate.found(owner, running)).state is GatedState.RUNNING
        await gate.approvals.decide(owner, left.id, Decision.APPROVE)
        counting.held = None
        async with a_gate(postgres_url, folder, LEASE_S):
            assert (await over(gate, owner, left)).state is GatedState.DONE
            found = await over(gate, owner, running)
        assert (found.state, found.note) == (GatedState.UNKNOWN, "The process that ran it died.")
        assert [one["n"] for one in counting.made] == [1, 2]


async def test_an_orderly_stop_says_that_what_still_runs_is_unknown(
    postgres_url: str, folder: Path, counting: Counting
) -> None:
    counting.held = asyncio.Event()
    async with a_gate(postgres_url, folder, carries_out=False) as gate:
        await gate.server("up", counting.upstream.url, timeout_s=60)
        await gate.rule(approval=ApprovalTerms())
        agent, owner = await gate.agent(), await gate.owner()
        call = await waiting(gate, agent, n=1)
        await gate.approvals.decide(owner, call.id, Decision.APPROVE)
        async with a_gate(postgres_url, folder):
            async with asyncio.timeout(PATIENCE_S):
                while not counting.made:
                    await asyncio.sleep(0.02)
        found = await gate.found(owner, call)
        assert (found.state, found.note) == (GatedState.UNKNOWN, "The hub was stopped while it ran.")
