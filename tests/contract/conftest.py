"""Once per session: the clients' environment, the stand-in providers, a hub, and every run through them."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from contract.comparison import UNSOLVED, expected_calls
from contract.hub import Hub, running_hub
from contract.runs import CONTRACT, ROOT, RUNS, Run, drive, loaded_sdks
from support.promises import PATIENCE_S
from support.providers.bill import Billed
from support.providers.server import Providers, running_providers

#: How long the last spans of a run may take to be in the query API after its emitter has ended.
ARRIVAL_TIMEOUT_S = 120
#: How long figures must have stayed as they are, in seconds.
SETTLED_S = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run consumed, and what the hub then knew of it."""

    bill: tuple[Billed, ...]
    spans: tuple[dict[str, Any], ...]
    by_model: tuple[dict[str, Any], ...]

    @property
    def counted(self) -> list[dict[str, Any]]:
        return [span for span in self.spans if span["counted"]]


@pytest.fixture(scope="session")
def environment() -> None:
    """The real clients. Where they cannot be had the tests are skipped, but never in CI."""
    try:
        done = subprocess.run(
            ["sh", str(CONTRACT / "setup.sh")], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
        )
        trouble = "" if done.returncode == 0 else (done.stdout + done.stderr)[-2000:]
    except (OSError, subprocess.TimeoutExpired) as error:
        trouble = str(error)
    if trouble and os.environ.get("CI"):
        pytest.fail(f"The clients of the contract tests could not be installed:\n{trouble}")
    if trouble:
        pytest.skip(f"The clients of the contract tests could not be installed: {trouble}")


@pytest.fixture(scope="session")
def providers() -> Iterator[Providers]:
    with running_providers() as running:
        yield running


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with running_hub(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture(scope="session")
def loaded(environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of what the drivers are copies."""
    with loaded_sdks(tmp_path_factory.mktemp("loaded")) as path:
        yield path


@pytest.fixture(scope="session")
def outcomes(loaded: Path, hub: Hub, providers: Providers) -> dict[str, Outcome | Exception]:
    """Every run, two at a time; one that failed is kept as its error, for its own tests to raise."""
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(partial(outcome_of, hub, providers, loaded), RUNS)
        return dict(zip((run.name for run in RUNS), found, strict=True))


@pytest.fixture(params=[run.name for run in RUNS])
def run(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def unsolved_is_expected(run: str, request: pytest.FixtureRequest) -> None:
    """A run of `UNSOLVED` must fail: mending it fails until its line is gone."""
    if run in UNSOLVED:
        request.applymarker(pytest.mark.xfail(strict=True, reason=UNSOLVED[run]))


@pytest.fixture
def outcome(run: str, outcomes: dict[str, Outcome | Exception]) -> Outcome:
    found = outcomes[run]
    if isinstance(found, Exception):
        raise found
    return found


def outcome_of(hub: Hub, providers: Providers, loaded: Path, run: Run) -> Outcome | Exception:
    try:
        target, key_id = hub.target(run.name)
        if run.uses_grpc:
            socket.create_connection(("127.0.0.1", target.grpc_port), timeout=PATIENCE_S).close()
        drive(run, target, providers.base_url(run.name), loaded)
        bill = tuple(providers.bill(run.name).calls)
        by_model = await_calls(hub, key_id, len(expected_calls(run.name, bill)))
        return Outcome(bill, tuple(hub.spans(environment=run.name)), tuple(by_model))
    except (RuntimeError, AssertionError, OSError) as error:
        return error


def await_calls(hub: Hub, key_id: str, calls: int) -> list[dict[str, Any]]:
    """The usage of one key by provider and model, once that many calls are in it and stay, or when time is up: a parent
    that comes before its children counts until they are there.
    """
    deadline = time.monotonic() + ARRIVAL_TIMEOUT_S
    before: list[dict[str, Any]] = []
    while True:
        answer = hub.get("/api/usage/summary", api_key=key_id, group_by="provider,model", **{"from": "-1h"})
        rows: list[dict[str, Any]] = answer["rows"]
        has_all = sum(row["calls"] for row in rows) == calls
        if (has_all and rows == before) or time.monotonic() > deadline:
            return rows
        before = rows
        time.sleep(SETTLED_S)
