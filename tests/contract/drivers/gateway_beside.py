# mypy: ignore-errors
"""The official SDKs beside conversations: pictures, structured answers, speech, files, batches, embeddings."""

import base64
import hashlib
import json
import os
import sys

import workload
from anthropic import Anthropic
from google import genai
from google.genai import types
from pydantic import BaseModel

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
LINES = b"".join(json.dumps({"custom_id": str(n), "body": os.urandom(40).hex()}).encode() + b"\n" for n in range(500))


class Answer(BaseModel):
    """What is asked for."""

    city: str
    celsius: int


seen = {"pixel": hashlib.sha256(PIXEL).hexdigest()}
openai = workload.openai_client()
picture = openai.images.generate(model="gpt-image-1", prompt="A hub.")
seen["picture"] = picture.data[0].b64_json
seen["edited"] = openai.images.edit(model="gpt-image-1", image=("a.png", PIXEL), prompt="Bluer.").data[0].revised_prompt
seen["speech"] = base64.b64encode(
    openai.audio.speech.create(model="gpt-4o-mini-tts", voice="alloy", input="Hi.").read()
).decode()
seen["transcript"] = openai.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.wav", PIXEL)).text
seen["flagged"] = openai.moderations.create(input="x").results
seen["models"] = [one.id for one in openai.models.list()]
uploaded = openai.files.create(file=("b.jsonl", LINES), purpose="batch")
seen["bytes"] = uploaded.bytes
seen["same_file"] = openai.files.content(uploaded.id).read() == LINES
batch = openai.batches.create(input_file_id=uploaded.id, endpoint="/v1/chat/completions", completion_window="24h")
seen["batch"] = [batch.status, openai.batches.retrieve(batch.id).status]
seen["deleted"] = openai.files.delete(uploaded.id).deleted

claude = Anthropic(base_url=f"{workload.BASE_URL}/anthropic", api_key=workload.KEY, max_retries=0)
image = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PIXEL).decode()},
}
looked = [{"role": "user", "content": [image, {"type": "text", "text": workload.QUESTION}]}]
seen["claude_sees"] = claude.messages.create(model="claude-sonnet-4-5", max_tokens=99, messages=looked).content[0].text
schema = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
structured = claude.messages.create(
    model="claude-sonnet-4-5",
    max_tokens=99,
    messages=looked,
    extra_body={"output_config": {"format": {"type": "json_schema", "schema": schema}}},
)
seen["claude_structured"] = structured.content[0].text
seen["claude_counts"] = claude.messages.count_tokens(model="claude-sonnet-4-5", messages=looked).input_tokens
request = {"custom_id": "one", "params": {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": looked}}
made = claude.messages.batches.create(requests=[request])
seen["claude_batch"] = [made.id, claude.messages.batches.retrieve(made.id).processing_status]

options = types.HttpOptions(base_url=f"{workload.BASE_URL}/gemini")
gemini = genai.Client(api_key=workload.KEY, http_options=options)
shown = types.Part.from_bytes(data=PIXEL, mime_type="image/png")
asked = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Answer)
seen["gemini_sees"] = gemini.models.generate_content(model="gemini-2.5-flash", contents=[shown, "What?"]).text
seen["gemini_structured"] = gemini.models.generate_content(
    model="gemini-2.5-flash", contents="Where?", config=asked
).text
embedded = gemini.models.embed_content(model="gemini-embedding-001", contents="one")
seen["gemini_embedding"] = embedded.embeddings[0].values
seen["gemini_counts"] = gemini.models.count_tokens(model="gemini-2.5-flash", contents="one").total_tokens
seen["gemini_models"] = [one.name for one in gemini.models.list()]

sys.stdout.write(json.dumps(seen) + "\n")
