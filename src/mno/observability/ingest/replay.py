"""From a file of past calls to token events: what is in the file, what is invented, and when it happened.

Pure: reading and arithmetic only. The command line and the bundled sample send what comes out. A trace file
says little (often a time and two token counts); every column that it does not have and we fill in is
synthetic, and is called so in the result and in a tag of every event.
"""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mno.platform import clock
from mno.platform.errors import Invalid, TooLarge
from mno.platform.ids import new_id

#: A file may hold this many calls: they are kept in memory while they are sent.
MAX_CALLS = 5_000_000

#: The names under which trace files keep a column, compared without case and underscores.
_COLUMNS = {
    "time": ("timestamp", "time", "createdat", "starttime", "arrivaltime"),
    "input_tokens": ("contexttokens", "inputtokens", "prompttokens", "requesttokens"),
    "output_tokens": ("generatedtokens", "outputtokens", "completiontokens", "responsetokens"),
    "cache_read_tokens": ("cachereadtokens", "cachedtokens", "cachereadinputtokens"),
    "provider": ("provider",),
    "model": ("model", "modelname"),
    "user": ("user", "userid"),
    "session": ("session", "sessionid", "conversationid"),
    "duration_ms": ("durationms", "latencyms", "elapsedms"),
}
_NEEDED = ("time", "input_tokens", "output_tokens")
_COUNTS = ("input_tokens", "output_tokens", "cache_read_tokens")

#: An invented duration: a first token and a steady rate, plausible and the same for the same call.
_FIRST_TOKEN_MS = 180
_MS_A_TOKEN = 18
_MS_A_THOUSAND_INPUT_TOKENS = 25
#: An invented session lasts this long.
_SESSION = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Call:
    """One line of the file. `fields` holds the columns that it has, by our names."""

    time: datetime
    fields: dict[str, Any]


def read_file(path: Path) -> list[Call]:
    """The calls of a CSV or JSON-lines file, also gzipped, in order of time.

    `Invalid` names the line that cannot be read; `TooLarge` for more than MAX_CALLS.
    """
    content = path.open("rb")
    with content, gzip.open(content) if path.suffix == ".gz" else content as stream:
        name = path.name.removesuffix(".gz")
        lines = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        try:
            return read_calls(lines, json_lines=name.endswith((".jsonl", ".ndjson")))
        except UnicodeDecodeError:
            raise Invalid(f"{path.name} is not a text file in UTF-8.") from None
        except gzip.BadGzipFile:
            raise Invalid(f"{path.name} is not a gzip file.") from None


def read_calls(lines: Iterable[str], *, json_lines: bool = False) -> list[Call]:
    """The calls in a file's lines; see `read_file`."""
    records = _json_records(lines) if json_lines else _csv_records(lines)
    calls: list[Call] = []
    for line, record in records:
        if len(calls) == MAX_CALLS:
            raise TooLarge(f"The file holds more than {MAX_CALLS} calls; split it.")
        calls.append(_call(line, record))
    if not calls:
        raise Invalid("The file holds no calls.")
    calls.sort(key=lambda call: call.time)
    return calls


def _csv_records(lines: Iterable[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(lines)
    try:
        for record in reader:
            yield reader.line_num, record
    except csv.Error as error:
        raise Invalid(f"Line {reader.line_num} is not CSV: {error}.") from None


def _json_records(lines: Iterable[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            raise Invalid(f"Line {number} is not JSON.") from None
        if not isinstance(record, dict):
            raise Invalid(f"Line {number} is not a JSON object.")
        yield number, record


def _call(line: int, record: Mapping[str, Any]) -> Call:
    plain = {str(name).replace("_", "").lower(): value for name, value in record.items()}
    found: dict[str, Any] = {}
    for column, names in _COLUMNS.items():
        value = next((plain[name] for name in names if plain.get(name) not in (None, "")), None)
        if value is not None:
            found[column] = value
    missing = [column for column in _NEEDED if column not in found]
    if missing:
        raise Invalid(
            f"Line {line} has no {' and no '.join(missing)}. A trace file needs the columns "
            "TIMESTAMP, ContextTokens and GeneratedTokens (or time, input_tokens, output_tokens)."
        )
    for column in _COUNTS:
        if column in found:
            found[column] = _count(line, column, found[column])
    return Call(_time(line, found.pop("time")), found)


def _count(line: int, column: str, value: Any) -> int:
    text = str(value).strip()
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise Invalid(f"Line {line}: {column} is '{text[:40]}', which is not a whole number of tokens.")
    return int(text)


def _time(line: int, value: Any) -> datetime:
    """RFC 3339 or ISO 8601, with any number of decimals; without a zone it is UTC."""
    text = str(value).strip()
    whole, dot, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    try:
        moment = datetime.fromisoformat(f"{whole}{dot}{digits[:6].ljust(6, '0')}{rest[len(digits) :]}" if dot else text)
    except ValueError:
        raise Invalid(f"Line {line}: the time '{text[:40]}' is not of the form 2023-11-16 18:17:03.97.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Replay:
    """Calls made ready to be sent. `synthetic` names the columns that were not in the file."""

    calls: list[Call]
    provider: str
    model: str
    users: int
    shift: timedelta
    synthetic: tuple[str, ...]
    source: str
    run: str

    @classmethod
    def of(
        cls,
        calls: list[Call],
        *,
        provider: str,
        model: str,
        users: int = 0,
        keep_times: bool = False,
        speed: float | None = None,
        source: str = "",
        run: str = "",
        invented: Sequence[str] = (),
    ) -> "Replay":
        """Shifts the times so that the last call is sent as it happens: now, or at `speed` when that ends.

        Events of one `run` are counted once however often they are sent; by default every run is its own. `invented`
        names columns of the calls that were not in the file.
        """
        length = calls[-1].time - calls[0].time
        end = clock.now() + (length / speed if speed else timedelta())
        shift = timedelta() if keep_times else end - calls[-1].time
        made_up = [*invented] if keep_times else ["time", *invented]
        wanted = ("provider", "model", *(("user", "session") if users else ()), "duration_ms")
        made_up += [column for column in wanted if any(column not in call.fields for call in calls)]
        return cls(calls, provider, model, users, shift, tuple(made_up), source, run or new_id().hex)

    def __len__(self) -> int:
        return len(self.calls)

    def offset_s(self, index: int) -> float:
        """When a call was made, in seconds after the first, in the file's own time."""
        return (self.calls[index].time - self.calls[0].time).total_seconds()

    def batches(self, size: int, within_s: float | None = None) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """Batches of events with the index of their first: at most `size`, and of at most `within_s` seconds."""
        start = 0
        while start < len(self.calls):
            end = min(start + size, len(self.calls))
            if within_s is not None:
                latest = self.offset_s(start) + within_s
                end = next((index for index in range(start + 1, end) if self.offset_s(index) > latest), end)
            yield start, [self.event(index) for index in range(start, end)]
            start = end

    def event(self, index: int) -> dict[str, Any]:
        """The call as a native token event (POST /api/usage-events)."""
        call = self.calls[index]
        time = call.time + self.shift
        event: dict[str, Any] = {
            "id": f"replay-{self.run}-{index}",
            "time": time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "provider": self.provider,
            "model": self.model,
            "operation": "chat",
            "duration_ms": _invented_duration_ms(call, index),
            "tags": {"replay": self.source or "file", "synthetic": "+".join(self.synthetic) or "none"},
        }
        if self.users:
            user = _scattered(index) % self.users
            period = int(call.time.timestamp() // _SESSION.total_seconds())
            event |= {"user": f"user-{user + 1:0{len(str(self.users))}d}", "session": f"session-{period}-{user + 1}"}
        return event | call.fields


def _invented_duration_ms(call: Call, index: int) -> int:
    generation: int = call.fields["output_tokens"] * _MS_A_TOKEN
    reading: int = call.fields["input_tokens"] * _MS_A_THOUSAND_INPUT_TOKENS // 1000
    return _FIRST_TOKEN_MS + (generation + reading) * (80 + _scattered(index) % 41) // 100


def _scattered(index: int) -> int:
    """A number that looks random and is the same for the same call (Knuth's multiplicative hash)."""
    return (index * 2654435761 & 0xFFFFFFFF) >> 7
