"""How a verb reaches the program that owns the data.

The embedded engines belong to one process, so a verb never opens them: it asks the server that the
environment names (`MNO_URL`, `MNO_API_KEY`), else the one that runs on this machine's data folder and left
a private key there, else it starts one quietly and stops it afterwards.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mno.platform.errors import Denied, Invalid, LimitExceeded, MnoError, NotFound, Unavailable

if TYPE_CHECKING:
    import httpx

    from mno.platform.paths import DataFolder, RunningServer

#: How long a verb waits for a server that starts.
START_TIMEOUT_S = 300.0
#: How long a verb waits for an answer.
REQUEST_TIMEOUT_S = 60.0
#: A busy server is asked this often before a verb gives up.
ATTEMPTS = 20
_POLL_S = 0.05


class Server:
    """The running program, as a verb sees it."""

    def __init__(self, client: "httpx.Client") -> None:
        self._client = client

    def get(self, path: str, **parameters: Any) -> Any:
        return self._ask("GET", path, params={name: value for name, value in parameters.items() if value is not None})

    def post(self, path: str, body: Any) -> Any:
        return self._ask("POST", path, json=body)

    def put(self, path: str, body: Any) -> Any:
        return self._ask("PUT", path, json=body)

    def send(self, path: str, content: bytes, media_type: str = "application/json") -> Any:
        return self._ask("POST", path, content=content, headers={"content-type": media_type})

    def delete(self, path: str) -> Any:
        return self._ask("DELETE", path)

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        """The answer's JSON; waits and asks again while the server says that it is busy."""
        import httpx

        for attempt in range(ATTEMPTS):
            try:
                answer = self._client.request(method, path, **request)
            except httpx.HTTPError as error:
                raise Unavailable(f"{self._client.base_url} does not answer: {error}") from None
            if answer.status_code not in (429, 503) or attempt == ATTEMPTS - 1:
                return _content(answer)
            time.sleep(float(answer.headers.get("retry-after", "1")))
        raise AssertionError("the loop returns")


def _content(answer: "httpx.Response") -> Any:
    if answer.is_success:
        return answer.json() if answer.content else None
    try:
        detail = answer.json()["detail"] or answer.json()["title"]
    except (ValueError, KeyError, TypeError):
        detail = f"The server answered {answer.status_code}."
    kinds: dict[int, type[MnoError]] = {403: Denied, 404: NotFound, 429: LimitExceeded, 503: Unavailable}
    raise kinds.get(answer.status_code, Invalid)(detail)


@contextmanager
def server() -> Iterator[Server]:
    """The server to talk to; one that had to be started ends with the verb."""
    url, key = os.environ.get("MNO_URL", ""), os.environ.get("MNO_API_KEY", "")
    if url:
        if not key:
            raise Invalid("MNO_URL is set, so MNO_API_KEY must be as well: a key of that server.")
        with _client(url, key) as client:
            yield Server(client)
        return
    folder = data_folder()
    running = _settled(folder)
    if running is not None:
        with _client(running.url, running.token) as client:
            yield Server(client)
        return
    with _started(folder) as started, _client(started.url, started.token) as client:
        yield Server(client)


def data_folder() -> "DataFolder":
    """The folder that the environment names."""
    from mno.platform.config import Config
    from mno.platform.paths import DataFolder

    return DataFolder(Config.from_environment(os.environ).data_folder)


def _settled(folder: "DataFolder") -> "RunningServer | None":
    """The server on this folder; waits while one starts or stops."""
    deadline = time.monotonic() + START_TIMEOUT_S
    running = folder.running_server()
    while running is None and folder.is_held() and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        running = folder.running_server()
    return running


def _client(url: str, key: str) -> "httpx.Client":
    import httpx

    return httpx.Client(
        base_url=url,
        headers={"authorization": f"Bearer {key}"},
        timeout=REQUEST_TIMEOUT_S,
        trust_env="MNO_URL" in os.environ,
    )


@contextmanager
def _started(folder: "DataFolder") -> Iterator["RunningServer"]:
    """A server of our own on a free port, for as long as the verb runs."""
    command = [sys.executable, "-m", "mno", "serve", "--quiet", "--parent", str(os.getpid()), "--port", "0"]
    environment = os.environ | {"MNO_OTLP_GRPC_PORT": "0", "MNO_PUBLIC_URL": "", "MNO_HOST": "127.0.0.1"}
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield _await_announced(folder, process)
    finally:
        if process.returncode is None:
            process.terminate()
            process.communicate()


def _await_announced(folder: "DataFolder", process: "subprocess.Popen[str]") -> "RunningServer":
    deadline = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        running = folder.running_server()
        if running is not None:
            return running
        time.sleep(_POLL_S)
    process.terminate()
    _, errors = process.communicate()
    raise Unavailable(f"The server could not be started. {errors.strip()[-800:]}")
