"""A request at the door, and whose call it is: what the key says, and what its application says of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from mno.llm_gateway.headers import OURS
from mno.llm_gateway.model import MAX_CALL_TAGS, MAX_DIMENSION_CHARACTERS, Call, Caller
from mno.llm_gateway.providers.asked import Asked
from mno.llm_gateway.usage import part
from mno.platform.ids import shown
from mno.platform.principal import Principal


@dataclass(frozen=True, slots=True)
class Incoming:
    """`path` begins below the provider's name."""

    method: str
    provider: str
    path: bytes
    query: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    trace_id: bytes
    parent_span_id: bytes

    def own_headers(self) -> dict[bytes, str]:
        """What the caller says of itself: the first of each of our headers."""
        told: dict[bytes, str] = {}
        for name, value in self.headers:
            if name.startswith(OURS) and name not in told:
                told[name] = value.decode("utf-8", "replace").strip()
        return told


def caller_of(principal: Principal, incoming: Incoming, asked: Asked) -> Caller:
    """Headers of ours win over the members in which providers are told of users; a key for one agent is that agent."""
    document, told = asked.document or {}, incoming.own_headers()
    users = (
        told.get(b"x-mno-user"),
        document.get("safety_identifier"),
        document.get("user"),
        part(document.get("metadata"), "user_id"),
    )
    named = told.get(b"x-mno-tags")
    tags = [unquote(tag.strip()) for tag in named.split(",")[:MAX_CALL_TAGS]] if named else []
    return Caller(
        team_id=principal.team_id,
        project_id=principal.project_id,
        key=shown("key", principal.id),
        key_name=principal.name,
        user=_cut(next((user for user in users if type(user) is str and user), "")),
        session=_cut(told.get(b"x-mno-session", "")),
        agent=principal.agent or _cut(told.get(b"x-mno-agent", "")),
        environment=_cut(told.get(b"x-mno-environment", "")),
        tags=tuple(_cut(tag) for tag in tags if tag),
    )


def dimensions_of(call: Call) -> Mapping[str, str]:
    """What a budget can be kept for; only what is known."""
    caller = call.caller
    found = {
        "user": caller.user,
        "session": caller.session,
        "agent": caller.agent,
        "api_key": caller.key,
        "provider": call.provider,
        "model": call.request_model,
        "environment": caller.environment,
    }
    for tag in caller.tags:
        name, _, value = tag.partition("=")
        found[f"tag:{name}"] = value or "true"
    return {name: value for name, value in found.items() if value}


def _cut(text: str) -> str:
    return text[:MAX_DIMENSION_CHARACTERS]
