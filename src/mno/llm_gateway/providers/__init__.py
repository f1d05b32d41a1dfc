"""How each provider speaks: what a request asks for, and what an answer says of its usage."""

from mno.llm_gateway.model import ProviderKind
from mno.llm_gateway.providers.anthropic import Anthropic
from mno.llm_gateway.providers.asked import Dialect
from mno.llm_gateway.providers.gemini import Gemini
from mno.llm_gateway.providers.openai import OpenAi

_OPENAI = OpenAi()
DIALECTS: dict[ProviderKind, Dialect] = {
    ProviderKind.OPENAI: _OPENAI,
    ProviderKind.COMPATIBLE: _OPENAI,
    ProviderKind.ANTHROPIC: Anthropic(),
    ProviderKind.GEMINI: Gemini(),
}
