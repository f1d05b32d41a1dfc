"""The HTTP side of the stand-in providers: one server, a bill for each run.

A run's name is the first part of the path, so `http://127.0.0.1:PORT/otel/openai/v1` is the base URL of
OpenAI's SDK in the run `otel`, and what it consumed is on `providers.bill("otel")`.
"""

import json
import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from support.providers import anthropic_wire, gemini_wire, openai_wire
from support.providers.beside_wire import Shelf
from support.providers.bill import Bill, Reply

GEMINI = re.compile(r"/gemini/v1\w*/models/([^:]+):(generateContent|streamGenerateContent)")


class Providers:
    """A running server and its bills, by the name of the run."""

    def __init__(self, port: int, bills: dict[str, Bill]) -> None:
        self.port = port
        self._bills = bills

    def base_url(self, run: str) -> str:
        """Under this stand `/openai/v1`, `/anthropic` and `/gemini`."""
        return f"http://127.0.0.1:{self.port}/{run}"

    def bill(self, run: str) -> Bill:
        return self._bills[run]


def answer(path: str, request: dict[str, Any], n: int) -> Reply | None:
    """The reply to call number `n` of a run; None where no provider has such a path."""
    path = path.partition("?")[0]
    if path == "/openai/v1/chat/completions":
        return openai_wire.chat(request, n)
    if path == "/openai/v1/responses":
        return openai_wire.responses(request, n)
    if path == "/openai/v1/embeddings":
        return openai_wire.embeddings(request, n)
    if path in ("/anthropic/v1/messages", "/anthropic/messages"):
        return anthropic_wire.messages(request, n)
    gemini = GEMINI.fullmatch(path)
    if gemini:
        stream = gemini[2] == "streamGenerateContent"
        return gemini_wire.generate_content(request, n, model=gemini[1], stream=stream)
    return None


@contextmanager
def running_providers() -> Iterator[Providers]:
    bills: dict[str, Bill] = defaultdict(Bill)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(bills, defaultdict(Shelf)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield Providers(server.server_address[1], bills)
    finally:
        server.shutdown()
        server.server_close()


def handler_for(bills: dict[str, Bill], shelves: dict[str, Shelf]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _, run, rest = self.path.split("/", 2)
            if not self.send_beside(run, rest, b""):
                self.send_error(404, f"No provider answers {rest}")

        do_DELETE = do_GET  # noqa: N815 - the names of the standard library

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            _, run, rest = self.path.split("/", 2)
            if self.send_beside(run, rest, body):
                return
            bill = bills[run]
            reply = answer(f"/{rest}", json.loads(body), bill.next_number())
            if reply is None:
                self.send_error(404, f"No provider answers {rest}")
                return
            bill.add(reply.billed)
            (self.send_events if reply.events else self.send_json)(reply)

        def send_beside(self, run: str, rest: str, body: bytes) -> bool:
            found = shelves[run].answer(self.command, f"/{rest.partition('?')[0]}", body)
            if found is None:
                return False
            kind, content = found
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            return True

        def send_json(self, reply: Reply) -> None:
            content = json.dumps(reply.body).encode()
            self.send_response(reply.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.send_header("request-id", reply.billed.response_id)
            self.end_headers()
            self.wfile.write(content)

        def send_events(self, reply: Reply) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("connection", "close")
            self.end_headers()
            for name, data in reply.events:
                shown = data if isinstance(data, str) else json.dumps(data)
                head = f"event: {name}\n" if name else ""
                self.wfile.write(f"{head}data: {shown}\n\n".encode())
                self.wfile.flush()
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Quiet: a failing request shows in the test that made it."""

    return Handler
