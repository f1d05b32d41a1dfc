"""Decoder processes: real ones, started, killed and ended."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from mno.observability.ingest import decoders as module
from mno.observability.ingest.decoders import SMALL_BODY_BYTES, Decoders
from mno.observability.ingest.decoding import Kind, Sent, decode
from mno.platform.errors import Invalid, LimitExceeded, Unavailable
from support.otlp import body
from support.processes import alive
from support.promises import PATIENCE_S

BIG = Sent(Kind.OTLP_PROTOBUF, body(*({"name": f"span {number}"} for number in range(200))))
#: It keeps a process busy for a second or so.
LONG = Sent(Kind.OTLP_PROTOBUF, BIG.body * 250)
MEBIBYTE = 1024 * 1024


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    decoders = Decoders(processes=1)
    yield decoders
    decoders.close()


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


def only_process(decoders: Decoders) -> psutil.Process:
    (pid,) = decoders.process_ids
    return psutil.Process(pid)


def test_a_big_body_is_decoded_in_another_process_with_the_same_result(decoders: Decoders) -> None:
    assert len(BIG.body) > SMALL_BODY_BYTES
    assert asdict(decoders.decode(BIG)) == asdict(decode(BIG))
    assert os.getpid() not in decoders.process_ids
    first = decoders.process_ids
    with pytest.raises(Invalid):
        decoders.decode(BIG._replace(body=b"hello" * SMALL_BODY_BYTES))
    decoders.decode(BIG)
    assert decoders.process_ids == first


def test_a_small_body_needs_no_other_process_unless_it_is_compressed(decoders: Decoders) -> None:
    small = Sent(Kind.OTLP_PROTOBUF, body({"name": "a"}))
    assert [span.name for span in decoders.decode(small).spans] == ["a"]
    assert decoders.process_ids == []
    with pytest.raises(Invalid):
        decoders.decode(small._replace(encoding="gzip"))
    assert len(decoders.process_ids) == 1


def test_without_processes_everything_is_decoded_here() -> None:
    here = Decoders(processes=0)
    assert here.submit(lambda: here.decode(BIG)).result() == decode(BIG)
    assert here.process_ids == []
    here.close()


def test_a_process_that_was_killed_while_idle_is_replaced_unnoticed(decoders: Decoders) -> None:
    decoders.decode(BIG)
    process = only_process(decoders)
    process.kill()
    assert eventually(lambda: decoders.process_ids == [])
    assert len(decoders.decode(BIG).spans) == 200
    assert only_process(decoders).pid != process.pid


def test_a_process_that_is_killed_at_work_costs_one_answer_and_the_next_call_works(decoders: Decoders) -> None:
    decoders.decode(BIG)
    process = only_process(decoders)
    process.suspend()
    at_work = decoders.submit(lambda: decoders.decode(LONG))
    assert eventually(decoders._free.empty), "somebody asks the process"
    time.sleep(0.1)
    process.kill()
    with pytest.raises(Unavailable) as answer:
        at_work.result(PATIENCE_S)
    assert answer.value.retry_after_s == 1
    assert len(decoders.decode(BIG).spans) == 200


def test_closing_ends_the_processes_at_once_and_says_so_to_who_waits() -> None:
    decoders = Decoders(processes=1)
    decoders.decode(BIG)
    process = only_process(decoders)
    process.suspend()  # it would never be done
    at_work = decoders.submit(lambda: decoders.decode(LONG))
    assert eventually(decoders._free.empty), "somebody asks the process"
    decoders.close()
    assert not process.is_running()
    with pytest.raises(Unavailable):
        at_work.result(0)
    with pytest.raises(Unavailable):
        decoders.submit(lambda: None)
    with pytest.raises(Unavailable):
        decoders.decode(BIG)


def test_more_deliveries_than_may_wait_are_sent_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    full = Decoders(processes=0)
    gate = threading.Event()
    waiting = [full.submit(gate.wait) for _ in range(3)]
    with pytest.raises(LimitExceeded) as refusal:
        full.submit(gate.wait)
    assert refusal.value.retry_after_s == 1
    gate.set()
    assert all(future.result(PATIENCE_S) for future in waiting)
    assert full.submit(lambda: "again").result(PATIENCE_S) == "again"
    full.close()


def test_a_process_knows_no_secret_and_no_engine_and_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNO_POSTGRES_URL", "postgresql://user:secret@db/mno")
    decoders = Decoders(processes=1)
    try:
        decoders.decode(BIG)
        process = only_process(decoders)
        assert not [name for name in process.environ() if name.startswith("MNO_")]
        assert process.memory_info().rss < 80 * MEBIBYTE
        loaded = {Path(mapped.path).name for mapped in process.memory_maps()}
        assert not [name for name in loaded if name.startswith(("_chdb", "libarrow", "_multiarray"))]
    finally:
        decoders.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_everything_leaves_the_decoder_to_its_parent(decoders: Decoders, number: signal.Signals) -> None:
    decoders.decode(BIG)
    process = only_process(decoders)
    process.send_signal(number)
    assert len(decoders.decode(BIG).spans) == 200
    assert decoders.process_ids == [process.pid]


PROGRAM = """
import sys, time
from mno.observability.ingest.decoders import Decoders
from mno.observability.ingest.decoding import Kind, Sent
decoders = Decoders(processes=1)
try:
    decoders.decode(Sent(Kind.EVENTS_JSON, b"[" + b" " * 10_000 + b"]"))
    print(decoders.process_ids[0], flush=True)
    if sys.argv[1] == "wait":
        time.sleep(60)
finally:
    decoders.close()
"""


def test_a_process_does_not_outlive_a_program_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM, "wait"], stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        decoder = int(program.stdout.readline())
        assert alive(decoder)
        program.kill()
    assert eventually(lambda: not alive(decoder))


def test_a_program_ends_without_warnings_and_leaves_nobody_behind() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", PROGRAM, "end"], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert not psutil.pid_exists(int(done.stdout))
