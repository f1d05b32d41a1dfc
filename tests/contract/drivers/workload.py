# mypy: ignore-errors
"""What every emitter's driver does with the official SDKs: one call of each kind that bills differently.

The SDKs are the unmodified packages of the contract environment. Retries are off, so that the stand-in's
bill and the application's intention are the same list.
"""

import contextlib
import os

BASE_URL = os.environ.get("PROVIDERS_BASE_URL", "")
#: A key of the hub, where the calls go through its gateway.
KEY = os.environ.get("PROVIDERS_KEY", "")
QUESTION = "What is the answer? 答案是什麼？"
OVER_LIMIT = "This one will exceed the limit."
OPENAI_TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
ANTHROPIC_TOOL = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "input_schema": OPENAI_TOOL["function"]["parameters"],
}


def openai_client():
    from openai import OpenAI

    return OpenAI(base_url=f"{BASE_URL}/openai/v1", api_key=KEY or "sk-contract", max_retries=0)


def question(text=QUESTION):
    return [{"role": "system", "content": "You answer briefly."}, {"role": "user", "content": text}]


def openai_chat(client, *, model="gpt-4o-mini", **more):
    answer = client.chat.completions.create(model=model, messages=question(), **more)
    return list(answer) if more.get("stream") else answer


def openai_chat_tools(client, **more):
    """Asks, gets a tool call, gives the tool's answer, gets the final answer: two calls."""
    messages = question("How is the weather in Taipei?")
    create = client.chat.completions.create
    answer = create(model="gpt-4o-mini", messages=messages, tools=[OPENAI_TOOL], **more)
    if more.get("stream"):
        for _ in answer:
            pass
        return
    asked = answer.choices[0].message
    result = {"role": "tool", "tool_call_id": asked.tool_calls[0].id, "content": '{"celsius": 24}'}
    create(model="gpt-4o-mini", messages=[*messages, asked.model_dump(exclude_none=True), result], tools=[OPENAI_TOOL])


def openai_everything(client=None):
    client = client or openai_client()
    streamed = {"stream": True, "stream_options": {"include_usage": True}}
    openai_chat(client)
    openai_chat(client, **streamed)
    openai_chat(client, prompt_cache_key="team-7")
    openai_chat(client, prompt_cache_key="team-7", **streamed)
    openai_chat(client, model="gpt-5-mini", reasoning_effort="low")
    openai_chat(client, model="gpt-5-mini", reasoning_effort="low", prompt_cache_key="team-7", **streamed)
    openai_chat_tools(client)
    openai_chat_tools(client, **streamed)
    with contextlib.suppress(Exception):
        client.chat.completions.create(model="gpt-4o-mini", messages=question(OVER_LIMIT))


def openai_responses(client=None):
    client = client or openai_client()
    create = client.responses.create
    create(model="gpt-4o-mini", input=QUESTION, instructions="You answer briefly.")
    for _ in create(model="gpt-4o-mini", input=QUESTION, stream=True):
        pass
    create(model="gpt-5-mini", input=QUESTION, reasoning={"effort": "low"}, prompt_cache_key="team-7")
    for _ in create(
        model="gpt-5-mini", input=QUESTION, reasoning={"effort": "low"}, prompt_cache_key="team-7", stream=True
    ):
        pass
    create(
        model="gpt-4o-mini", input=QUESTION, tools=[{"type": "function", **OPENAI_TOOL["function"], "strict": False}]
    )
    with contextlib.suppress(Exception):
        create(model="gpt-4o-mini", input=OVER_LIMIT)


def openai_embeddings(client=None):
    client = client or openai_client()
    client.embeddings.create(model="text-embedding-3-small", input=["one", "two"])


def anthropic_everything():
    from anthropic import Anthropic

    client = Anthropic(base_url=f"{BASE_URL}/anthropic", api_key=KEY or "sk-ant-contract", max_retries=0)

    def ask(text=QUESTION, *, system="You answer briefly.", messages=None, **more):
        messages = messages or [{"role": "user", "content": text}]
        answer = client.messages.create(
            model="claude-sonnet-4-5", max_tokens=2048, system=system, messages=messages, **more
        )
        return list(answer) if more.get("stream") else answer

    def cached(**control):
        return [{"type": "text", "text": "A long text.", "cache_control": {"type": "ephemeral", **control}}]

    thinking = {"type": "enabled", "budget_tokens": 1024}
    ask()
    ask(stream=True)
    ask(system=cached())
    ask(system=cached(), stream=True)
    ask(system=cached(ttl="1h"))
    ask(thinking=thinking)
    ask(thinking=thinking, system=cached(), stream=True)
    asked = ask("How is the weather in Taipei?", tools=[ANTHROPIC_TOOL])
    call = next(block for block in asked.content if block.type == "tool_use")
    ask(
        messages=[
            {"role": "user", "content": "How is the weather in Taipei?"},
            {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in asked.content]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "24 degrees"}]},
        ],
        tools=[ANTHROPIC_TOOL],
    )
    ask("How is the weather in Taipei?", tools=[ANTHROPIC_TOOL], stream=True)
    with client.messages.stream(
        model="claude-sonnet-4-5", max_tokens=2048, messages=[{"role": "user", "content": QUESTION}]
    ) as stream:
        stream.get_final_message()
    with contextlib.suppress(Exception):
        ask(OVER_LIMIT)


def get_weather(city: str) -> dict:
    """The weather in a city."""
    return {"celsius": 24}


def gemini_everything():
    from google import genai
    from google.genai import types

    options = types.HttpOptions(base_url=f"{BASE_URL}/gemini")
    client = genai.Client(api_key=KEY or "gemini-contract", http_options=options)

    def ask(text=QUESTION, *, stream=False, **config):
        made = types.GenerateContentConfig(system_instruction="You answer briefly.", **config)
        if stream:
            return list(client.models.generate_content_stream(model="gemini-2.5-flash", contents=text, config=made))
        return client.models.generate_content(model="gemini-2.5-flash", contents=text, config=made)

    thoughts = types.ThinkingConfig(include_thoughts=True, thinking_budget=128)
    ask()
    ask(stream=True)
    ask(cached_content="cachedContents/abc")
    ask(cached_content="cachedContents/abc", stream=True)
    ask(thinking_config=thoughts)
    ask(thinking_config=thoughts, cached_content="cachedContents/abc", stream=True)
    # The SDK itself runs the function and calls the model again: two calls.
    ask("How is the weather in Taipei?", tools=[get_weather])
    with contextlib.suppress(Exception):
        ask(OVER_LIMIT)


def all_providers():
    openai_everything()
    openai_responses()
    openai_embeddings()
    anthropic_everything()
    gemini_everything()
