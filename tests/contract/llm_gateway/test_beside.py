"""What the official SDKs do beside conversations passes through the hub as well: pictures, structured answers, speech,
files, batches, embeddings and counting; and what of it is charged is written down with the provider's figures.
"""

import base64
from pathlib import Path
from typing import Any

import pytest

from contract.hub import Hub
from contract.llm_gateway.test_sdks import Outcome, run_through
from support.providers import beside_wire
from support.providers.server import Providers

#: Two pictures, speech, a transcript, and what Gemini embeds.
CHARGED_BESIDE = 5


@pytest.fixture(scope="module")
def beside(hub: Hub, providers: Providers, loaded: Path) -> Outcome:
    return run_through(hub, providers, loaded, "gateway-beside", "gateway_beside.py", models=[], beside=CHARGED_BESIDE)


def of_operation(outcome: Outcome, operation: str) -> list[dict[str, Any]]:
    return [span for span in outcome.counted if span["operation"] == operation]


def test_pictures_are_made_and_changed_and_their_tokens_counted(beside: Outcome) -> None:
    assert beside.seen["picture"] == beside_wire.PICTURE
    assert beside.seen["edited"] == beside.seen["pixel"], "the provider got the very bytes of the picture"
    pictures = of_operation(beside, "image_generation")
    figures = {(span["request_model"], span["input_tokens"], span["output_tokens"]) for span in pictures}
    assert (len(pictures), figures) == (2, {("gpt-image-1", *beside_wire.PICTURE_USAGE.values())})


def test_speech_passes_both_ways_byte_for_byte(beside: Outcome) -> None:
    assert base64.b64decode(beside.seen["speech"]) == beside_wire.SPEECH
    assert beside.seen["transcript"] == beside.seen["pixel"]
    (span,) = of_operation(beside, "transcription")
    assert (span["input_audio_tokens"], span["output_tokens"]) == (14, beside_wire.TRANSCRIPT_USAGE["output_tokens"])


def test_files_and_batches_pass_through(beside: Outcome) -> None:
    seen = beside.seen
    assert seen["same_file"]
    assert seen["bytes"] > 40_000
    assert (seen["batch"], seen["deleted"]) == (["validating", "completed"], True)
    assert seen["claude_batch"] == ["msgbatch_1", "ended"]


def test_every_provider_is_shown_pictures_and_asked_for_structure(beside: Outcome) -> None:
    texts = {billed.text for billed in beside.bill}
    for name in ("claude_sees", "claude_structured", "gemini_sees", "gemini_structured"):
        assert beside.seen[name] in texts, name
    chats = [span for span in beside.counted if span["operation"] in ("chat", "generate_content")]
    assert len(chats) == len(beside.bill) == 4


def test_what_is_looked_up_and_counted_is_no_call_of_a_model(beside: Outcome) -> None:
    seen = beside.seen
    assert seen["models"] == ["gpt-4o-mini"]
    assert seen["gemini_models"] == ["models/gemini-2.5-flash"]
    assert (seen["claude_counts"], seen["gemini_counts"]) == (14, 31)
    assert seen["gemini_embedding"] == beside_wire.GEMINI_EMBEDDING
    counted = {span["operation"] for span in beside.counted}
    assert counted == {"chat", "generate_content", "image_generation", "speech", "transcription", "embeddings"}
