# mypy: ignore-errors
"""Langfuse's SDK, pointed at the hub by its host alone: the drop-in OpenAI, `@observe`, own generations."""

import os

import anthropic
import workload
from langfuse import get_client, observe, propagate_attributes
from langfuse.openai import OpenAI

langfuse = get_client()


@observe()
def everything_of_openai():
    client = OpenAI(base_url=f"{workload.BASE_URL}/openai/v1", api_key="sk-contract", max_retries=0)
    workload.openai_everything(client)
    workload.openai_responses(client)
    workload.openai_embeddings(client)


@observe(as_type="generation")
def own_generation():
    """As Langfuse's guide writes a call of Anthropic by hand: its names of the buckets are disjoint."""
    client = anthropic.Anthropic(
        base_url=f"{os.environ['PROVIDERS_BASE_URL']}/anthropic", api_key="sk-ant-contract", max_retries=0
    )
    system = [{"type": "text", "text": "A long text.", "cache_control": {"type": "ephemeral"}}]
    messages = [{"role": "user", "content": workload.QUESTION}]
    answer = client.messages.create(model="claude-sonnet-4-5", max_tokens=100, system=system, messages=messages)
    langfuse.update_current_generation(
        model=answer.model,
        input=messages,
        output=answer.content[0].text,
        usage_details={
            "input": answer.usage.input_tokens,
            "output": answer.usage.output_tokens,
            "cache_read_input_tokens": answer.usage.cache_read_input_tokens,
            "cache_creation_input_tokens": answer.usage.cache_creation_input_tokens,
        },
    )


with propagate_attributes(user_id="ada", session_id="session-1", tags=["contract"]):
    everything_of_openai()
    own_generation()
langfuse.flush()
langfuse.shutdown()
