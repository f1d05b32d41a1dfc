"""What savings are made of: the token buckets of one model over a time, and what they would have cost otherwise."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

#: Models of one project that are looked at, the dearest.
MAX_SAVING_MODELS = 100
#: Days that one question may reach over.
MAX_SAVING_DAYS = 92
#: The share of calls that is moved unless the caller says otherwise, in percent.
DEFAULT_SHARE_PERCENT = 50
#: How often a prefix is read from the cache for each time that it is written, unless the caller says otherwise.
DEFAULT_READS_PER_WRITE = 10


class Way(StrEnum):
    """How the same work is done for less."""

    CHEAPER_MODEL = "model"
    CACHE = "cache"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Buckets:
    """Sums over the calls of one model; the buckets mean what they mean on a span. `cost` is what was charged, USD."""

    provider: str
    model: str
    calls: int
    input_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    input_audio_tokens: int
    output_tokens: int
    reasoning_tokens: int
    output_audio_tokens: int
    cost: Decimal

    @property
    def plain_input_tokens(self) -> int:
        """Text input that was neither read from a cache nor written to one."""
        cached = self.cache_read_tokens + self.cache_write_5m_tokens + self.cache_write_1h_tokens
        return max(0, self.input_tokens - cached - self.input_audio_tokens)


@dataclass(frozen=True, slots=True)
class Assumption:
    """`share` of the calls (of the plain input tokens, for the cache) goes the other way, from 0 to 1."""

    share: Decimal
    reads_per_write: int


@dataclass(frozen=True, slots=True)
class Saving:
    """What going `way` would have saved, in nano-dollars, of `priced`: what all calls of the model cost by today's
    prices. `to_provider` and `to_model` name the cheaper model.
    """

    way: Way
    of: Buckets
    to_provider: str
    to_model: str
    priced: int
    saved: int
