"""HTTP/1.1 as the benchmarks' servers read it: requests with a length, one after another on a connection."""

import asyncio


class Answering(asyncio.Protocol):
    """One connection; whoever inherits writes the answers."""

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].lower()
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            if len(self._received) < end + 4 + length:
                return
            body = self._received[end + 4 : end + 4 + length]
            self._received = self._received[end + 4 + length :]
            self.answer(head, body)

    def answer(self, head: bytes, body: bytes, /) -> None:
        """To one request; `head` is in lower case."""
        raise NotImplementedError


async def listen(port: int, connection: type[Answering]) -> None:
    """On this machine, until the process is ended."""
    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", port)
    await server.serve_forever()
