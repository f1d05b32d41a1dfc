"""Gemini's way of speaking: the model and what is done with it stand in the path.

`promptTokenCount` contains the cached part; `candidatesTokenCount` leaves out the thoughts, which are charged as
output; what tools put into the prompt (`toolUsePromptTokenCount`) is input beside it.
Source: the Gemini API reference.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from mno.llm_gateway.model import Usage
from mno.llm_gateway.providers.asked import (
    Asked,
    Operation,
    checked_model,
    count,
    is_object,
    operation_at,
    read_json,
    with_members,
)
from mno.llm_gateway.providers.reading import Reading
from mno.llm_gateway.usage import fitted, has_count, part, tokens

_OPERATIONS = {
    "generatecontent": Operation("generate_content", metered=True),
    "streamgeneratecontent": Operation("generate_content", metered=True),
    "embedcontent": Operation("embeddings", metered=True),
    "batchembedcontents": Operation("embeddings", metered=True),
    "predict": Operation("image_generation", metered=True),
}
_PATH = re.compile(r"(.*/(?:models|tunedModels)/)([^:/]+):(\w+)")
_WORDS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
          429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}  # fmt: skip


class Gemini:
    """generateContent and its like."""

    def asked(self, method: str, path: str, body: bytes) -> Asked:
        split = _PATH.fullmatch(path)
        operation = operation_at(method, path.rpartition(":")[2], _OPERATIONS)
        model = checked_model(unquote(split[2])) if split else ""
        stream = split is not None and split[3] == "streamGenerateContent"
        if not is_object(body) and not operation.metered:
            return Asked(path, body, operation, model, None, stream, None)
        document = read_json(body)
        asked = Asked(path, body, operation, model, document, stream, None)
        settings = document.get("generationConfig")
        if operation.name == "embeddings":
            asked.output_tokens = 0
        elif isinstance(settings, dict):
            asked.output_tokens = count(settings, "maxOutputTokens")
            asked.answers = count(settings, "candidateCount") or 1
        return asked

    def rewritten(self, asked: Asked, model: str, output_tokens: int | None) -> tuple[str, bytes]:
        path = asked.path
        if model != asked.model and (split := _PATH.fullmatch(path)):
            path = f"{split[1]}{quote(model, safe='')}:{split[3]}"
        values: dict[str, object] = {}
        if output_tokens is not None and asked.document is not None and asked.operation.name == "generate_content":
            settings = asked.document.get("generationConfig")
            values["generationConfig"] = {
                **(settings if isinstance(settings, dict) else {}),
                "maxOutputTokens": output_tokens,
            }
        return path, with_members(asked, values)

    def credential(self, credential: str) -> Mapping[bytes, bytes]:
        return {b"x-goog-api-key": credential.encode()} if credential else {}

    def read(self, reading: Reading, document: dict[str, Any]) -> bool:
        reading.named(document, "responseId", "modelVersion")
        candidates = document.get("candidates")
        for candidate in candidates if isinstance(candidates, list) else ():
            if type(reason := part(candidate, "finishReason")) is str:
                reading.finish_reason = reason.lower()
            parts = part(part(candidate, "content"), "parts")
            for one in parts if isinstance(parts, list) else ():
                reading.text(part(one, "text"))
                if isinstance(call := part(one, "functionCall"), dict):
                    reading.text(str(call.get("args", "")))
        usage = usage_of(document.get("usageMetadata"))
        if usage is not None:
            finished = bool(reading.finish_reason) or not candidates
            reading.usage, reading.is_final = usage, finished
        if isinstance(error := document.get("error"), dict):
            reading.trouble = str(error.get("message") or "")[:500]
        return False

    def error(self, status: int, kind: str, message: str) -> dict[str, Any]:
        word = _WORDS.get(status, "INTERNAL" if status >= 500 else "FAILED_PRECONDITION")
        return {"error": {"code": status, "message": message, "status": word, "details": [{"reason": kind}]}}


def usage_of(figures: Any) -> Usage | None:
    """None where it says nothing that can be."""
    if not has_count(figures, "promptTokenCount", "totalTokenCount"):
        return None
    thoughts = tokens(figures, "thoughtsTokenCount")
    return fitted(
        Usage(
            input_tokens=tokens(figures, "promptTokenCount") + tokens(figures, "toolUsePromptTokenCount"),
            cache_read_tokens=tokens(figures, "cachedContentTokenCount"),
            input_audio_tokens=_audio(figures.get("promptTokensDetails")),
            output_tokens=tokens(figures, "candidatesTokenCount", "responseTokenCount") + thoughts,
            reasoning_tokens=thoughts,
            output_audio_tokens=_audio(figures.get("candidatesTokensDetails")),
        )
    )


def _audio(details: Any) -> int:
    if not isinstance(details, list):
        return 0
    return sum(tokens(one, "tokenCount") for one in details if part(one, "modality") == "AUDIO")
