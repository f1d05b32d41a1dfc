"""Messages of every convention, brought to the schema of OTel GenAI.

One list of `{"role", "parts": [{"type": "text" | "tool_call" | "tool_call_response" | "reasoning" | "blob" |
"uri" | …}]}` for the input, one for the output. What cannot be understood is kept as one text part: nothing
that was said is dropped. Source: OTel GenAI, gen-ai-input-messages.json and gen-ai-output-messages.json.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

Message = dict[str, Any]
Part = dict[str, Any]


def dumped(value: Any) -> str:
    """JSON text of anything that a decoder produced; what JSON cannot hold becomes text."""
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def loaded(value: Any) -> Any:
    """JSON text as a value; text that is not JSON, and what was no text, as it is."""
    if type(value) is str and value[:1] in _JSON_STARTS:
        try:
            return orjson.loads(value)
        except ValueError:
            return value
    return value


_JSON_STARTS = frozenset('{["')


def as_text(value: Any) -> str:
    return value if type(value) is str else dumped(value)


def in_schema(value: Any, role: str) -> str:
    """JSON text in our schema from an attribute: JSON text already in the schema is passed through unchanged."""
    parsed = loaded(value)
    if type(parsed) is list and parsed:
        for message in parsed:
            if type(message) is not dict or type(message.get("parts")) is not list or "role" not in message:
                break
        else:
            return value if type(value) is str else dumped(parsed)
    found = messages(parsed, role)
    return dumped(found) if found else ""


def messages(value: Any, role: str) -> list[Message]:
    """Messages from whatever an emitter calls input or output; `role` is for what names none."""
    value = loaded(value)
    if value is None or value == "" or value == [] or value == {}:
        return []
    if type(value) is list:
        if all(type(item) is dict and ("role" in item or "type" in item or "content" in item) for item in value):
            return _of_list(value, role)
        return [{"role": role, "parts": [_text(value)]}]
    if type(value) is dict:
        return _of_dict(value, role)
    return [{"role": role, "parts": [_text(value)]}]


def _of_list(items: Sequence[dict[str, Any]], role: str) -> list[Message]:
    """Messages stay messages; bare parts in a row (OpenAI Responses, content blocks) share one message."""
    found: list[Message] = []
    loose: Message | None = None
    for item in items:
        if "role" in item or item.get("type") == "message" or ("content" in item and "type" not in item):
            found.append(message(item, role))
            loose = None
            continue
        if loose is None:
            loose = {"role": role, "parts": []}
            found.append(loose)
        loose["parts"].append(part(item))
    return found


def _of_dict(value: dict[str, Any], role: str) -> list[Message]:
    listed = value.get("messages")
    if type(listed) is list and all(type(item) is dict for item in listed):
        system = value.get("system")
        found = [{"role": "system", "parts": parts(system)}] if system else []
        found += [message(item, role) for item in listed]
        if value.get("prompt") is not None:
            found.append({"role": role, "parts": parts(value["prompt"])})
        return found
    if "choices" in value and type(value["choices"]) is list:
        return [message(choice["message"], role) for choice in value["choices"] if _has_message(choice)]
    if "role" in value and ("content" in value or "parts" in value or "tool_calls" in value):
        return [message(value, role)]
    if type(value.get("prompt")) is str and set(value) <= {"prompt", "system"}:
        return [
            message({"role": r, "content": value[k]}, r)
            for r, k in (("system", "system"), (role, "prompt"))
            if value.get(k)
        ]
    if str(value.get("type")) in _PART_READERS:
        return [{"role": role, "parts": [part(value)]}]
    return [{"role": role, "parts": [_text(value)]}]


def _has_message(choice: Any) -> bool:
    return type(choice) is dict and type(choice.get("message")) is dict


def message(item: Mapping[str, Any], role: str) -> Message:
    """One message of OpenAI, Anthropic, Gemini, LangChain or AI SDK shape."""
    named = item.get("role") or _LANGCHAIN_ROLES.get(str(item.get("type", "")), "") or role
    content = item.get("content") if "content" in item else item.get("parts")
    found: list[Part] = []
    if named == "tool" and item.get("tool_call_id") is not None:
        found.append({"type": "tool_call_response", "id": item["tool_call_id"], "response": content})
    else:
        if item.get("reasoning_content"):
            found.append({"type": "reasoning", "content": as_text(item["reasoning_content"])})
        found += parts(content)
    calls = item.get("tool_calls")
    if type(calls) is list:
        found += [tool_call(call) for call in calls if type(call) is dict]
    if type(item.get("function_call")) is dict:
        found.append(tool_call(item["function_call"]))
    result: Message = {"role": "assistant" if named in ("model", "ai") else str(named), "parts": found}
    if item.get("name"):
        result["name"] = item["name"]
    if item.get("finish_reason"):
        result["finish_reason"] = item["finish_reason"]
    return result


_LANGCHAIN_ROLES = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool"}


def parts(content: Any) -> list[Part]:
    """The parts of one message's content."""
    content = loaded(content) if type(content) is str and content[:2] in ("[{", '{"') else content
    if content is None or content == "":
        return []
    if type(content) is list:
        return [part(item) if type(item) is dict else _text(item) for item in content]
    if type(content) is dict:
        return [part(content)]
    return [_text(content)]


def _text(value: Any) -> Part:
    return {"type": "text", "content": as_text(value)}


def tool_call(call: Mapping[str, Any]) -> Part:
    """A tool call of OpenAI (`function.arguments` is JSON text), Anthropic, Gemini or the AI SDK."""
    function = call.get("function")
    inner: Mapping[str, Any] = function if type(function) is dict else call
    arguments = _first(inner, ("arguments", "args", "input"))
    result: Part = {
        "type": "tool_call",
        "name": _first(inner, ("name", "toolName")) or "",
        "arguments": loaded(arguments),
    }
    # OpenAI's responses have both: the answer names `call_id`.
    identity = _first(call, ("call_id", "id", "toolCallId", "tool_call_id"))
    if identity is not None:
        result["id"] = identity
    return result


def _first(item: Mapping[str, Any], names: Iterable[str]) -> Any:
    for name in names:
        if item.get(name) is not None:
            return item[name]
    return None


def part(item: Mapping[str, Any]) -> Part:
    """One content part of any provider in the schema's words; what is not known is kept as it came."""
    kind = item.get("type")
    if kind is None:
        return _gemini_part(item)
    reader = _PART_READERS.get(str(kind))
    return reader(item) if reader is not None else dict(item)


def _gemini_part(item: Mapping[str, Any]) -> Part:
    if "text" in item:
        return {"type": "reasoning" if item.get("thought") else "text", "content": as_text(item["text"])}
    for name in ("function_call", "functionCall"):
        if type(item.get(name)) is dict:
            return tool_call(item[name])
    for name in ("function_response", "functionResponse"):
        if type(item.get(name)) is dict:
            return {"type": "tool_call_response", "id": item[name].get("id"), "response": item[name].get("response")}
    for name in ("inline_data", "inlineData"):
        if type(item.get(name)) is dict:
            data = item[name]
            return {"type": "blob", "mime_type": _first(data, ("mime_type", "mimeType")), "content": data.get("data")}
    return _text(dict(item))


def _text_part(item: Mapping[str, Any]) -> Part:
    return {"type": "text", "content": as_text(_first(item, ("content", "text", "refusal")) or "")}


def _reasoning_part(item: Mapping[str, Any]) -> Part:
    return {"type": "reasoning", "content": as_text(_first(item, ("content", "thinking", "text", "summary")) or "")}


def _response_part(item: Mapping[str, Any]) -> Part:
    response = _first(item, ("response", "result", "output", "content"))
    identity = _first(item, ("id", "tool_use_id", "toolCallId", "call_id"))
    return {"type": "tool_call_response", "id": identity, "response": response}


def _image_part(item: Mapping[str, Any]) -> Part:
    url = item.get("image_url") or item.get("image")
    if type(url) is dict:
        url = _first(url, ("url", "image.url"))
    source = item.get("source")
    if type(source) is dict:
        if source.get("type") == "base64":
            return {
                "type": "blob",
                "modality": "image",
                "mime_type": source.get("media_type"),
                "content": source.get("data"),
            }
        url = source.get("url")
    if type(url) is str:
        return {"type": "uri", "modality": "image", "uri": url}
    return dict(item)


_PART_READERS = {
    "text": _text_part,
    "input_text": _text_part,
    "output_text": _text_part,
    "refusal": _text_part,
    "thinking": _reasoning_part,
    "reasoning": _reasoning_part,
    "tool_call": tool_call,
    "tool_use": tool_call,
    "tool-call": tool_call,
    "function_call": tool_call,
    "function": tool_call,
    "tool_call_response": _response_part,
    "tool_result": _response_part,
    "tool-result": _response_part,
    "function_call_output": _response_part,
    "image_url": _image_part,
    "input_image": _image_part,
    "image": _image_part,
}


def unflattened(attributes: Mapping[str, Any], keys: Iterable[str], prefix: str) -> list[dict[str, Any]]:
    """`prefix.0.message.role` and the like as a list of nested maps, in the order of the numbers.

    Used by OpenInference (`llm.input_messages.`) and OpenLLMetry (`gen_ai.prompt.`), which flatten lists
    into numbered keys. Numbers need not be dense; a list inside comes out as a map of numbers.
    """
    tree: dict[str, Any] = {}
    for key in keys:
        node = tree
        *path, leaf = key[len(prefix) :].split(".")
        for step in path:
            inner = node.get(step)
            if type(inner) is not dict:
                inner = node[step] = {}
            node = inner
        node[leaf] = attributes[key]
    return listed(tree)


def listed(tree: Any) -> list[dict[str, Any]]:
    """The maps under the number keys of `tree`, in numerical order."""
    if type(tree) is not dict:
        return []
    numbered = sorted((int(key), value) for key, value in tree.items() if key.isdecimal() and len(key) < 10)
    return [value for _, value in numbered if type(value) is dict]
