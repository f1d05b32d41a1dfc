"""A model provider that costs nothing: OpenAI's chat completions over HTTP/1.1, answered from bytes that lie ready.

A process of its own, so that its work is not the gateway's: `python fake_provider.py PORT`. A request with
`"stream":true` gets one first chunk and the rest at once; `"hold":true` keeps the stream open until the client leaves.
"""

import asyncio
import sys

_HEAD = b'{"id":"chatcmpl-%010d","object":"chat.completion","created":1,"model":"gpt-4o-mini-2024-07-18","choices":'
_TAIL = (
    b'[{"index":0,"message":{"role":"assistant","content":"' + b"An answer of some words. " * 12 + b'"},'
    b'"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":120,"completion_tokens":60,"total_tokens":180,'
    b'"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}'
)
_CHUNK = (
    b'data: {"id":"chatcmpl-%010d","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini-2024-07-18",'
    b'"choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}\n\n'
)
_USAGE = (
    b'data: {"id":"chatcmpl-%010d","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini-2024-07-18",'
    b'"choices":[],"usage":{"prompt_tokens":120,"completion_tokens":60,"total_tokens":180}}\n\ndata: [DONE]\n\n'
)
_STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


class Provider(asyncio.Protocol):
    """One connection."""

    number = 0

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].lower()
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            if len(self._received) < end + 4 + length:
                return
            body = self._received[end + 4 : end + 4 + length]
            self._received = self._received[end + 4 + length :]
            Provider.number += 1
            self._answer(body, Provider.number)

    def _answer(self, body: bytes, number: int) -> None:
        compact = body.replace(b" ", b"")
        if b'"stream":true' not in compact:
            content = _HEAD % number + _TAIL
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(content)
            self._transport.write(head + content)
            return
        piece = _CHUNK % number
        self._transport.write(_STREAM + b"%x\r\n%b\r\n" % (len(piece), piece))
        if b'"hold":true' not in compact:
            rest = piece * 8 + _USAGE % number
            self._transport.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(rest), rest))


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
