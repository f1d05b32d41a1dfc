"""A model provider that costs nothing: OpenAI's chat completions over HTTP/1.1, answered from bytes that lie ready.

A process of its own, so that its work is not the gateway's: `python fake_provider.py PORT`. A request with
`"stream":true` gets one first chunk and the rest at once; `"hold":true` keeps the stream open until the client leaves.
"""

import asyncio
import sys

from fake_http import Answering, listen

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


class Provider(Answering):
    """One connection."""

    number = 0

    def answer(self, _head: bytes, body: bytes, /) -> None:
        Provider.number += 1
        self._answer(body, Provider.number)

    def _answer(self, body: bytes, number: int) -> None:
        compact = body.replace(b" ", b"")
        if b'"stream":true' not in compact:
            content = _HEAD % number + _TAIL
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(content)
            self.transport.write(head + content)
            return
        piece = _CHUNK % number
        self.transport.write(_STREAM + b"%x\r\n%b\r\n" % (len(piece), piece))
        if b'"hold":true' not in compact:
            rest = piece * 8 + _USAGE % number
            self.transport.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(rest), rest))


if __name__ == "__main__":
    asyncio.run(listen(int(sys.argv[1]), Provider))
