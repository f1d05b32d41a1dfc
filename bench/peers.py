"""Other products under the same load, each in an environment of its own in bench/.peers, by name from PyPI.

What is asked of them is what is asked of the hub: take OTLP, show a trace by its id, count what can be
queried. They run with their own defaults (SQLite in a new folder), as their documentation starts them.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from client import Connection, Target
from server import Server, free_port, running
from spans import SPANS_PER_TRACE

ENVIRONMENTS = Path(__file__).parent / ".peers"


class Phoenix:
    """Arize Phoenix: `phoenix serve`."""

    package = "arize-phoenix"

    @contextmanager
    def start(self) -> Iterator[Server]:
        port = free_port()
        with tempfile.TemporaryDirectory(prefix="phoenix-bench-") as name:
            environment = {
                "PHOENIX_WORKING_DIR": name,
                "PHOENIX_HOST": "127.0.0.1",
                "PHOENIX_PORT": str(port),
                "PHOENIX_GRPC_PORT": str(free_port()),
                "PHOENIX_TELEMETRY_ENABLED": "false",
            }
            target = Target(f"http://127.0.0.1:{port}", "/v1/traces")
            command = [str(installed(self.package) / "phoenix"), "serve"]
            with running(command, environment, target, "/healthz", Path(name)) as server:
                yield server

    def visible(self, connection: Connection, trace_id: bytes) -> bool:
        status, answer = connection.get(f"/v1/projects/default/spans?limit=1&trace_id={trace_id.hex()}")
        return status == 200 and bool(json.loads(answer)["data"])

    def queryable_spans(self, target: Target) -> int:
        connection = target.connection()
        question = json.dumps({"query": "{projects{edges{node{name recordCount}}}}"}).encode()
        try:
            _, answer = connection.post("/graphql", question, "application/json")
        finally:
            connection.close()
        counts = [edge["node"]["recordCount"] for edge in json.loads(answer)["data"]["projects"]["edges"]]
        return sum(counts)


class MlFlow:
    """MLflow: `mlflow server` on SQLite, with its default of four workers."""

    package = "mlflow"

    @contextmanager
    def start(self) -> Iterator[Server]:
        port = free_port()
        with tempfile.TemporaryDirectory(prefix="mlflow-bench-") as name:
            target = Target(f"http://127.0.0.1:{port}", "/v1/traces", {"x-mlflow-experiment-id": "0"})
            command = [
                str(installed(self.package) / "mlflow"), "server",
                "--host", "127.0.0.1", "--port", str(port),
                "--backend-store-uri", f"sqlite:///{name}/mlflow.db",
                "--default-artifact-root", f"{name}/artifacts",
            ]  # fmt: skip
            with running(command, {}, target, "/health", Path(name)) as server:
                yield server

    def visible(self, connection: Connection, trace_id: bytes) -> bool:
        status, answer = connection.get(f"/api/3.0/mlflow/traces/get?trace_id=tr-{trace_id.hex()}")
        return status == 200 and bool(json.loads(answer)["trace"]["spans"])

    def queryable_spans(self, target: Target) -> int:
        connection = target.connection()
        question = json.dumps(
            {
                "experiment_ids": ["0"],
                "view_type": "TRACES",
                "metric_name": "trace_count",
                "aggregations": [{"aggregation_type": "COUNT"}],
            }
        ).encode()
        try:
            _, answer = connection.post("/api/3.0/mlflow/traces/metrics", question, "application/json")
        finally:
            connection.close()
        points = json.loads(answer).get("data_points", [])
        return round(sum(point["values"]["COUNT"] for point in points)) * SPANS_PER_TRACE


PEERS = {"phoenix": Phoenix, "mlflow": MlFlow}


def installed(package: str) -> Path:
    """The folder of the package's programs; makes the environment where there is none."""
    environment = ENVIRONMENTS / package
    if not (environment / "installed").exists():
        uv = str(Path(sys.executable).with_name("uv"))
        print(f"Installing {package} into {environment} …", file=sys.stderr)
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(environment)], check=True)
        python = str(environment / "bin" / "python")
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, package], check=True)
        (environment / "installed").touch()
    return environment / "bin"


def version(package: str) -> str:
    """What is installed."""
    python = str(installed(package) / "python")
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
