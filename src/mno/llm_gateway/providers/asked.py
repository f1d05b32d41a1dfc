"""What a request asks for, read once and in no provider's words, and what each way of speaking must know."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote

import orjson

from mno.llm_gateway.json_edit import changed, check_once
from mno.llm_gateway.model import MAX_MODEL_CHARACTERS, MAX_REFERENCED_TOKENS
from mno.llm_gateway.providers.reading import Reading
from mno.platform.errors import Invalid

#: Members by which a request is judged.
_JUDGED = frozenset(
    {
        "model", "stream", "stream_options", "max_tokens", "max_completion_tokens", "max_output_tokens", "n",
        "generationConfig", "temperature",
    }
)  # fmt: skip
_REFERENCE = re.compile(
    rb'"(?:file_id|file_uri|fileUri|image_url|url|previous_response_id|cachedContent|conversation)"'
)
_FORM_MODEL = re.compile(rb'name="model"\r?\n(?:[^\r\n]+\r?\n)*\r?\n([^\r\n]{0,400})\r?\n')


class Operation(NamedTuple):
    """What is done at a path. `metered`: a model is called for it, and somebody pays."""

    name: str
    metered: bool


@dataclass(slots=True)
class Asked:
    """One request. `document` is its JSON object, None where the body is something else."""

    path: str
    body: bytes
    operation: Operation
    model: str
    document: dict[str, Any] | None
    stream: bool
    #: The output that one answer may have, in tokens; None where the request does not say.
    output_tokens: int | None
    #: Answers that it asks for.
    answers: int = 1
    #: The provider is to tell the usage of the stream, which the client did not ask for.
    hides_usage: bool = False

    def input_bound(self) -> int:
        """More tokens than the input can have: a token is a byte at least, and what is only named is allowed for."""
        references = len(_REFERENCE.findall(self.body)) if self.document is not None else 0
        return len(self.body) + 1_000 + references * MAX_REFERENCED_TOKENS

    def is_deterministic(self) -> bool:
        """Whether the same request may be answered alike."""
        if self.document is None or self.stream or not self.operation.metered:
            return False
        settings = self.document.get("generationConfig")
        held = settings if isinstance(settings, dict) else self.document
        return self.operation.name == "embeddings" or held.get("temperature") == 0


class Dialect(Protocol):
    """One way of speaking."""

    def asked(self, method: str, path: str, body: bytes) -> Asked:
        """`Invalid` for a body that says two things, or nothing that can be."""
        ...

    def rewritten(self, asked: Asked, model: str, output_tokens: int | None) -> tuple[str, bytes]:
        """Path and body for this model: another name where it has one, a bound where there was none, the rest as it
        came. None: the bound stays as it is."""
        ...

    def credential(self, credential: str) -> Mapping[bytes, bytes]:
        """The headers that show the hub's credential."""
        ...

    def read(self, reading: Reading, document: dict[str, Any]) -> bool:
        """Learns from a whole answer, or from one event of a stream; whether it is one that only tells usage."""
        ...

    def error(self, status: int, kind: str, message: str) -> dict[str, Any]:
        """An error of the hub, as the provider's own client reads it."""
        ...


def read_json(body: bytes) -> dict[str, Any]:
    """The object in a body; `Invalid` says what is wrong with it."""
    try:
        document = orjson.loads(body)
    except ValueError as error:
        raise Invalid(f"The body is not JSON: {str(error)[:120]}.") from None
    if type(document) is not dict:
        raise Invalid("The body is not a JSON object.")
    check_once(body, _JUDGED.intersection(document))
    return document


def is_object(body: bytes) -> bool:
    return body[:64].lstrip()[:1] == b"{"


def operation_at(method: str, path: str, known: Mapping[str, Operation]) -> Operation:
    """By the last two parts of the path, or the last one, in whatever disguise they come: what costs something must not
    be taken for what does not. Only a POST calls a model.
    """
    if method != "POST":
        return OTHER
    parts = [part for part in unquote(path).lower().split("/") if part]
    return known.get("/".join(parts[-2:])) or known.get(parts[-1] if parts else "") or OTHER


#: What nobody pays for.
OTHER = Operation("", metered=False)


def model_in_form(body: bytes) -> str:
    """The model in a form (audio and images are sent so); empty where there is none, `Invalid` for two."""
    named = _FORM_MODEL.findall(body)
    if len(named) > 1:
        raise Invalid("The form names a model twice.")
    return checked_model(named[0].decode("utf-8", "replace")) if named else ""


def checked_model(value: Any) -> str:
    if value is None:
        return ""
    if type(value) is not str or not 0 < len(value) <= MAX_MODEL_CHARACTERS or not value.isprintable():
        raise Invalid(f"'model' is not a name of at most {MAX_MODEL_CHARACTERS} characters.")
    return value


def count(document: Mapping[str, Any], *names: str) -> int | None:
    """The first of these that is there; `Invalid` where it is no count."""
    for name in names:
        value = document.get(name)
        if value is not None:
            if type(value) is not int or not 0 <= value <= 10**9:
                raise Invalid(f"'{name}' is not a number of tokens.")
            return value
    return None


def with_members(asked: Asked, values: dict[str, object]) -> bytes:
    return changed(asked.body, values) if values else asked.body
