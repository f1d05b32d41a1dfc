"""Token figures as providers report them, brought to the meaning that spans have.

Each provider's own reading (providers/) knows what its wholes contain; here figures that cannot be are kept out and
the parts are held within their wholes. What ingest makes of the same figures is the same (a test compares them).
"""

from typing import Any

from mno.llm_gateway.model import MAX_BUCKET_TOKENS, Usage

#: Of plain text in the alphabets of ASCII, one token stands for about so many characters.
_CHARACTERS_PER_TOKEN = 4


def tokens(figures: Any, *names: str) -> int:
    """The first of these figures that is a plausible count; 0 where none is."""
    if type(figures) is dict:
        for name in names:
            value = figures.get(name)
            if type(value) is int and 0 <= value <= MAX_BUCKET_TOKENS:
                return value
    return 0


def has_count(figures: Any, *names: str) -> bool:
    """Whether one of these is there and plausible."""
    if type(figures) is not dict:
        return False
    return any(type(value := figures.get(name)) is int and 0 <= value <= MAX_BUCKET_TOKENS for name in names)


def part(figures: Any, name: str) -> Any:
    return figures.get(name) if type(figures) is dict else None


def fitted(usage: Usage) -> Usage:
    """The same with its parts within their wholes."""
    whole, out = usage.input_tokens, usage.output_tokens
    read = min(usage.cache_read_tokens, whole)
    five = min(usage.cache_write_5m_tokens, whole - read)
    hour = min(usage.cache_write_1h_tokens, whole - read - five)
    audio = min(usage.input_audio_tokens, whole - read - five - hour)
    reasoning = min(usage.reasoning_tokens, out)
    out_audio = min(usage.output_audio_tokens, out - reasoning)
    return Usage(whole, read, five, hour, audio, out, reasoning, out_audio)


def estimated_tokens(text: str) -> int:
    """About how many tokens a text is: a character that is no ASCII counts as one, four of ASCII as one."""
    if not text:
        return 0
    if text.isascii():
        return -(-len(text) // _CHARACTERS_PER_TOKEN)
    ascii_characters = len(text.encode("ascii", "ignore"))
    return len(text) - ascii_characters + -(-ascii_characters // _CHARACTERS_PER_TOKEN)
