"""The benchmarks' HTTP client: a blocking keep-alive connection that costs its machine little.

The load and the server share the machine, so every microsecond spent here is taken from the server. One
thread a connection, one system call to send a request, and only status and length are read of an answer.
"""

import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from spans import SPANS_PER_REQUEST, Load

CONNECTIONS = 4
TIMEOUT_S = 60.0


class Connection:
    """One connection to `url`; opened anew when the server has closed it."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        address = urlsplit(url)
        self._address = (address.hostname or "localhost", address.port or 80)
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._host = f"{address.hostname}:{address.port}"
        self._socket: socket.socket | None = None

    def get(self, path: str) -> tuple[int, bytes]:
        return self._exchange(self._head("GET", path, ""), b"")

    def post(self, path: str, body: bytes, content_type: str) -> tuple[int, bytes]:
        return self._send("POST", path, body, content_type)

    def put(self, path: str, body: bytes, content_type: str) -> tuple[int, bytes]:
        return self._send("PUT", path, body, content_type)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, method: str, path: str, body: bytes, content_type: str) -> tuple[int, bytes]:
        described = f"content-type: {content_type}\r\ncontent-length: {len(body)}\r\n"
        return self._exchange(self._head(method, path, described), body)

    def _head(self, method: str, path: str, more: str) -> bytes:
        return f"{method} {path} HTTP/1.1\r\nhost: {self._host}\r\n{self._headers}{more}\r\n".encode()

    def _exchange(self, head: bytes, body: bytes) -> tuple[int, bytes]:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=TIMEOUT_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket.sendall(head + body)
            return self._answer(self._socket)
        except OSError:
            self.close()
            raise

    def _answer(self, stream: socket.socket) -> tuple[int, bytes]:
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more(stream)
        head, rest = received[:end].lower(), received[end + 4 :]
        status = int(head[9:12])
        if b"transfer-encoding: chunked" in head:
            return status, self._chunks(stream, rest)
        place = head.find(b"content-length:")
        length = int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
        parts, missing = [rest], length - len(rest)
        while missing > 0:
            parts.append(self._more(stream))
            missing -= len(parts[-1])
        if b"connection: close" in head:
            self.close()
        return status, b"".join(parts)

    def _chunks(self, stream: socket.socket, rest: bytes) -> bytes:
        body = b""
        while True:
            while b"\r\n" not in rest:
                rest += self._more(stream)
            size, _, rest = rest.partition(b"\r\n")
            length = int(size, 16)
            while len(rest) < length + 2:
                rest += self._more(stream)
            body, rest = body + rest[:length], rest[length + 2 :]
            if length == 0:
                return body

    def _more(self, stream: socket.socket) -> bytes:
        received = stream.recv(1 << 18)
        if not received:
            raise ConnectionError("The server closed the connection in the middle of an answer.")
        return received


@dataclass(frozen=True, slots=True)
class Target:
    """A server that takes OTLP: its address, the path of traces and the headers it wants."""

    url: str
    traces_path: str
    headers: dict[str, str] = field(default_factory=dict)

    def connection(self) -> Connection:
        return Connection(self.url, self.headers)

    def get(self, path: str) -> Any:
        """One answer as JSON; for questions that are not measured."""
        connection = self.connection()
        try:
            status, answer = connection.get(path)
        finally:
            connection.close()
        if status != 200:
            raise RuntimeError(f"GET {path} answered {status}: {answer[:300]!r}")
        return json.loads(answer)


@dataclass(slots=True)
class Sent:
    """What a load did; all times from `time.perf_counter`."""

    started: float = 0.0
    ended: float = 0.0
    requests: int = 0
    refused: int = 0
    answers_s: list[float] = field(default_factory=list)

    @property
    def spans(self) -> int:
        return self.requests * SPANS_PER_REQUEST

    @property
    def seconds(self) -> float:
        return self.ended - self.started


#: Called before a request leaves, with its number and the id of its first trace.
OnSend = Callable[[int, bytes], None]


def closed_loop(
    target: Target, load: Load, seconds: float, connections: int = CONNECTIONS, on_send: OnSend | None = None
) -> Sent:
    """Every connection sends its next request as soon as the one before is answered."""
    return _run(target, load, seconds, connections, pause_s=0.0, on_send=on_send)


def open_loop(
    target: Target,
    load: Load,
    seconds: float,
    spans_per_second: float,
    connections: int = CONNECTIONS,
    on_send: OnSend | None = None,
) -> Sent:
    """Requests leave by the clock. An answer's time counts from when its request was due, so that a server that
    stalls is charged for all that waited behind it."""
    return _run(target, load, seconds, connections, pause_s=SPANS_PER_REQUEST / spans_per_second, on_send=on_send)


def _run(
    target: Target, load: Load, seconds: float, connections: int, *, pause_s: float, on_send: OnSend | None
) -> Sent:
    sent = Sent(started=time.perf_counter())
    lock = threading.Lock()
    deadline = sent.started + seconds
    taken = 0
    failures: list[BaseException] = []

    def next_number() -> int:
        nonlocal taken
        with lock:
            taken += 1
            return taken - 1

    def send() -> None:
        connection = target.connection()
        try:
            while True:
                number = next_number()
                due = sent.started + number * pause_s if pause_s else time.perf_counter()
                if due >= deadline or failures:
                    return
                time.sleep(max(0.0, due - time.perf_counter()))
                _send_one(connection, target, load, number, due, sent, lock, on_send)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that asked for the load
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=send, name=f"load-{index}") for index in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    sent.ended = time.perf_counter()
    return sent


def _send_one(
    connection: Connection,
    target: Target,
    load: Load,
    number: int,
    due: float,
    sent: Sent,
    lock: threading.Lock,
    on_send: OnSend | None,
) -> None:
    body, trace_id = load.request(number, time.time_ns())
    if on_send is not None:
        on_send(number, trace_id)
    while True:
        status, answer = connection.post(target.traces_path, body, "application/x-protobuf")
        if status not in (429, 503):
            break
        with lock:
            sent.refused += 1
        time.sleep(0.2)
    if status != 200:
        raise RuntimeError(f"{target.url} answered {status}: {answer[:300]!r}")
    with lock:
        sent.requests += 1
        sent.answers_s.append(time.perf_counter() - due)
