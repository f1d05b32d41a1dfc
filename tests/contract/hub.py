"""A real hub for the contract tests: the program itself in a process of its own, on a fresh data folder."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from contract.runs import Target
from support.coverage import UNMEASURED
from support.ports import free_port
from support.promises import PATIENCE_S

ADMIN_KEY = "mno_contract-tests-admin-key-0123456789"
START_TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Hub:
    """A running hub; `api` asks as an administrator."""

    url: str
    grpc_port: int
    api: httpx.Client

    def target(self, name: str) -> tuple[Target, str]:
        """Where an emitter sends, with an ingest key of its own, and the id of that key."""
        made = self.api.post("/api/keys", json={"name": name, "scopes": ["ingest"]})
        made.raise_for_status()
        return Target(self.url, made.json()["key"], self.grpc_port), made.json()["id"]

    def get(self, path: str, **parameters: Any) -> Any:
        answer = self.api.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def traces(self, **asked: Any) -> list[dict[str, Any]]:
        """The list of traces to its end; `asked` filters it."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.get("/api/traces", limit=200, cursor=cursor, **asked)
            found += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return found

    def spans(self, *, only_counted: bool = False, **asked: Any) -> list[dict[str, Any]]:
        """Every span of the traces that `asked` finds, or those that count, with everything that is known of it."""
        return [
            self.get(f"/api/traces/{trace['trace_id']}/spans/{span['span_id']}")
            for trace in self.traces(**asked)
            for span in self.get(f"/api/traces/{trace['trace_id']}")["spans"]
            if span.get("counted") or not only_counted
        ]


@contextmanager
def running_hub(folder: Path) -> Iterator[Hub]:
    """Starts `mno serve`; its output is in `folder/hub.log` and in the error when it does not come up."""
    port, grpc_port = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "MNO_DATA_DIR": str(folder / "data"),
        "MNO_PORT": str(port),
        "MNO_OTLP_GRPC_PORT": str(grpc_port),
        "MNO_BOOTSTRAP_API_KEY": ADMIN_KEY,
        **UNMEASURED,
    }
    log = folder / "hub.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "mno", "serve"], env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        with httpx.Client(base_url=url, headers={"authorization": f"Bearer {ADMIN_KEY}"}, timeout=PATIENCE_S) as api:
            wait_until_healthy(process, api, log)
            yield Hub(url, grpc_port, api)
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_healthy(process: "subprocess.Popen[bytes]", api: httpx.Client, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if api.get("/api/health").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"The hub did not come up:\n{log.read_text()[-4000:]}")
