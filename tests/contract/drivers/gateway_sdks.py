# mypy: ignore-errors
"""The official SDKs with another address and another key, and nothing that tells of their calls."""

import json
import sys

import workload

workload.all_providers()
client = workload.openai_client()
seen = {}

# the client did not ask for usage: it sees none, and the hub knows it all the same
chunks = workload.openai_chat(client, stream=True)
seen["usage_in_chunks"] = [chunk.usage is not None for chunk in chunks]
seen["text"] = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)

picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
answer = client.chat.completions.create(
    model="gpt-4o-mini",
    messages=[{"role": "user", "content": [{"type": "text", "text": workload.QUESTION}, picture]}],
    response_format={
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": {"type": "object", "properties": {}}},
    },
)
seen["picture"] = answer.choices[0].message.content

raw = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=workload.question())
seen["usage"] = raw.parse().usage.model_dump()

from anthropic import Anthropic, PermissionDeniedError  # noqa: E402
from openai import AuthenticationError, OpenAI  # noqa: E402

try:
    OpenAI(base_url=f"{workload.BASE_URL}/openai/v1", api_key="mno_" + "0" * 40, max_retries=0).models.list()
except AuthenticationError as error:
    seen["unknown_key"] = error.message

claude = Anthropic(base_url=f"{workload.BASE_URL}/anthropic", api_key=workload.KEY, max_retries=0)
try:
    claude.messages.create(model="claude-forbidden", max_tokens=9, messages=[{"role": "user", "content": "x"}])
except PermissionDeniedError as error:
    seen["forbidden_model"] = error.body["error"]["message"]

sys.stdout.write(json.dumps(seen) + "\n")
