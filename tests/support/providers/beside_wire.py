"""What providers offer beside conversations: pictures, speech, files, batches, counting. Nothing of it is on the bill
of a run, because our list of prices by hand names none of it; what the answers say of their usage is written here.

Sources: the OpenAI, Anthropic and Gemini API references.
"""

import base64
import hashlib
import json
import re
from typing import Any

PICTURE = base64.b64encode(b"\x89PNG the picture of a stand-in").decode()
SPEECH = b"ID3\x04\x00 the speech of a stand-in, every byte from 0 to 255: " + bytes(range(256))
PICTURE_USAGE = {"input_tokens": 50, "output_tokens": 1056}
TRANSCRIPT_USAGE = {"input_tokens": 14, "output_tokens": 45}
GEMINI_EMBEDDING = [0.25, -0.5]

_GEMINI = re.compile(r"/gemini/v1beta/models/[^:/]+:(\w+)")
_FILE_IN_FORM = re.compile(rb'name="(?:file|image)"; filename="[^"]*"\r\n(?:[^\r\n]+\r\n)*\r\n(.*?)\r\n--', re.DOTALL)


class Shelf:
    """The files of one run."""

    def __init__(self) -> None:
        self._content = b""

    def answer(self, method: str, path: str, body: bytes) -> tuple[str, bytes] | None:
        """Content type and content; None where no provider has such a path."""
        if method == "POST" and path == "/openai/v1/audio/speech":
            return "audio/mpeg", SPEECH
        if path == "/openai/v1/files/file-1/content":
            return "application/octet-stream", self._content
        if path == "/anthropic/v1/messages/batches/msgbatch_1/results":
            line = {"custom_id": "one", "result": {"type": "canceled"}}
            return "application/x-jsonl", json.dumps(line).encode() + b"\n"
        found = self._json(method, path, body)
        return None if found is None else ("application/json", json.dumps(found).encode())

    def _json(self, method: str, path: str, body: bytes) -> dict[str, Any] | None:
        if gemini := _GEMINI.fullmatch(path):
            return _gemini(gemini[1])
        if (method, path) == ("POST", "/openai/v1/files"):
            self._content = _file_in(body)
            return self._file()
        if (method, path) == ("DELETE", "/openai/v1/files/file-1"):
            return {"id": "file-1", "object": "file", "deleted": True}
        if (method, path) in (("POST", "/openai/v1/images/edits"), ("POST", "/openai/v1/audio/transcriptions")):
            digest = hashlib.sha256(_file_in(body)).hexdigest()
            return _transcript(digest) if path.endswith("transcriptions") else _pictures(digest)
        return _FIXED.get((method, path))

    def _file(self) -> dict[str, Any]:
        size = len(self._content)
        return {"id": "file-1", "object": "file", "bytes": size, "created_at": 1, "filename": "b.jsonl",
                "purpose": "batch", "status": "processed"}  # fmt: skip


def _file_in(form: bytes) -> bytes:
    found = _FILE_IN_FORM.search(form)
    return found[1] if found else b""


def _pictures(revised: str = "") -> dict[str, Any]:
    usage = {**PICTURE_USAGE, "total_tokens": 1106, "input_tokens_details": {"text_tokens": 50, "image_tokens": 0}}
    return {"created": 1, "data": [{"b64_json": PICTURE, "revised_prompt": revised}], "usage": usage}


def _transcript(text: str) -> dict[str, Any]:
    details = {"text_tokens": 0, "audio_tokens": 14}
    usage = {"type": "tokens", **TRANSCRIPT_USAGE, "total_tokens": 59, "input_token_details": details}
    return {"text": text, "usage": usage}


def _gemini(verb: str) -> dict[str, Any] | None:
    embedding = {"values": GEMINI_EMBEDDING}
    answers: dict[str, dict[str, Any]] = {
        "embedContent": {"embedding": embedding},
        "batchEmbedContents": {"embeddings": [embedding]},
        "countTokens": {"totalTokens": 31},
    }
    return answers.get(verb)


_BATCH = {"id": "batch_1", "object": "batch", "endpoint": "/v1/chat/completions", "input_file_id": "file-1",
          "completion_window": "24h", "status": "validating", "created_at": 1}  # fmt: skip
_ANTHROPIC_BATCH = {
    "id": "msgbatch_1", "type": "message_batch", "processing_status": "ended", "created_at": "2026-11-28T00:00:00Z",
    "expires_at": "2026-11-29T00:00:00Z", "ended_at": None, "archived_at": None, "cancel_initiated_at": None,
    "request_counts": {"processing": 0, "succeeded": 0, "errored": 0, "canceled": 1, "expired": 0},
    "results_url": None,
}  # fmt: skip
_FIXED: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/openai/v1/images/generations"): _pictures(),
    ("POST", "/openai/v1/moderations"): {"id": "modr-1", "model": "omni-moderation-latest", "results": []},
    ("GET", "/openai/v1/models"): {"object": "list", "data": [{"id": "gpt-4o-mini", "object": "model", "created": 1,
                                                               "owned_by": "openai"}]},
    ("POST", "/openai/v1/batches"): _BATCH,
    ("GET", "/openai/v1/batches/batch_1"): {**_BATCH, "status": "completed"},
    ("POST", "/anthropic/v1/messages/count_tokens"): {"input_tokens": 14},
    ("POST", "/anthropic/v1/messages/batches"): _ANTHROPIC_BATCH,
    ("GET", "/anthropic/v1/messages/batches/msgbatch_1"): _ANTHROPIC_BATCH,
    ("GET", "/gemini/v1beta/models"): {"models": [{"name": "models/gemini-2.5-flash"}]},
}  # fmt: skip
