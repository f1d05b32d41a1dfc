"""Bodies: formats, encodings and hard limits."""

import gzip
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.ingest.body import EVENT_FORMATS, OTLP_FORMATS, BodyBudget, Format, format_of, read, unpacked
from mno.observability.ingest.model import MAX_BODY_BYTES, MAX_DECOMPRESSED_BYTES, MEBIBYTE
from mno.platform.errors import Invalid, LimitExceeded, TooLarge, Unsupported


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.compress,
    "identity": bytes,
    " GZIP ": gzip.compress,
}


@pytest.mark.parametrize("encoding", PACKERS)
@given(data=st.binary(max_size=2000))
def test_what_was_packed_comes_out(encoding: str, data: bytes) -> None:
    assert unpacked(PACKERS[encoding](data), encoding) == data


def test_no_encoding_is_identity() -> None:
    assert unpacked(b"x", None) == b"x"


def test_deflate_without_its_header_is_read() -> None:
    assert unpacked(raw_deflate(b"hello" * 100), "deflate") == b"hello" * 100


def test_gzip_of_several_members_is_read_whole() -> None:
    assert unpacked(gzip.compress(b"a") + gzip.compress(b"b"), "gzip") == b"ab"


def test_zstd_of_several_frames_is_read_whole() -> None:
    assert unpacked(zstandard.compress(b"a") + zstandard.compress(b"b"), "zstd") == b"ab"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_a_bomb_is_too_large(encoding: str) -> None:
    packed = PACKERS[encoding](bytes(MAX_DECOMPRESSED_BYTES + 1))
    assert len(packed) < MEBIBYTE
    with pytest.raises(TooLarge, match="64 MiB after decompression"):
        unpacked(packed, encoding)


def test_a_bomb_of_many_members_is_too_large() -> None:
    with pytest.raises(TooLarge):
        unpacked(gzip.compress(bytes(MEBIBYTE)) * 70, "gzip")


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_body_of_very_many_empty_members_is_refused_before_it_costs_minutes(encoding: str) -> None:
    with pytest.raises(Invalid, match="more than 1,000 pieces"):
        unpacked(PACKERS[encoding](b"") * 800_000, encoding)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
@pytest.mark.parametrize("damage", [b"", b"no such data", b"\x1f\x8b\x08"])
def test_damaged_data_is_invalid(encoding: str, damage: bytes) -> None:
    with pytest.raises(Invalid):
        unpacked(damage, encoding)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_data_that_was_cut_short_is_invalid(encoding: str) -> None:
    packed = PACKERS[encoding](bytes(range(256)) * 20)
    with pytest.raises(Invalid):
        unpacked(packed[:-9], encoding)


@pytest.mark.parametrize("encoding", ["br", "compress", "gzip, gzip"])
def test_an_encoding_that_is_not_read_is_named(encoding: str) -> None:
    with pytest.raises(Unsupported, match=encoding):
        unpacked(b"", encoding)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/x-protobuf", Format.PROTOBUF),
        ("application/json; charset=utf-8", Format.JSON),
        ("APPLICATION/JSON", Format.JSON),
    ],
)
def test_the_content_type_says_the_format(content_type: str, expected: Format) -> None:
    assert format_of(content_type, OTLP_FORMATS) is expected


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/x-ndjson"])
def test_another_content_type_is_answered_with_those_that_are_read(content_type: str | None) -> None:
    with pytest.raises(Unsupported, match="send application/x-protobuf or application/json"):
        format_of(content_type, OTLP_FORMATS)


def test_events_may_come_as_lines() -> None:
    assert format_of("application/x-ndjson", EVENT_FORMATS) is Format.NDJSON


class Arriving:
    """A request whose body arrives in pieces, and which counts how many were asked for."""

    def __init__(self, pieces: int, size: int, headers: Mapping[str, str] | None = None) -> None:
        self.headers = headers or {}
        self._pieces = pieces
        self._size = size
        self.taken = 0

    async def stream(self) -> AsyncIterator[bytes]:
        for _ in range(self._pieces):
            self.taken += 1
            yield bytes(self._size)


async def test_a_gigabyte_is_refused_by_its_length_before_it_is_read() -> None:
    request = Arriving(1024, MEBIBYTE, {"content-length": str(1024 * MEBIBYTE)})
    with pytest.raises(TooLarge, match="16 MiB as sent"):
        await read(request, BodyBudget().share())
    assert request.taken == 0


async def test_a_gigabyte_without_a_length_is_refused_as_it_arrives() -> None:
    request = Arriving(1024, MEBIBYTE)
    with pytest.raises(TooLarge):
        await read(request, BodyBudget().share())
    assert request.taken == MAX_BODY_BYTES // MEBIBYTE + 1


async def test_a_body_is_read_whole() -> None:
    assert await read(Arriving(3, 5), BodyBudget().share()) == bytes(15)


async def test_bodies_share_one_budget_and_give_it_back() -> None:
    budget = BodyBudget(limit_bytes=2 * MEBIBYTE)
    with budget.share() as first:
        await read(Arriving(3, MEBIBYTE // 2), first)
        with budget.share() as second, pytest.raises(LimitExceeded, match="2 MiB together") as refusal:
            await read(Arriving(2, MEBIBYTE // 2), second)
        assert refusal.value.retry_after_s == 1
        assert budget.taken_bytes == 3 * MEBIBYTE // 2, "the refused body's part is free again"
    assert budget.taken_bytes == 0
    with budget.share() as third:
        await read(Arriving(2, MEBIBYTE), third)


async def test_a_body_without_room_is_refused_by_its_length_before_it_is_read() -> None:
    budget = BodyBudget(limit_bytes=10)
    request = Arriving(1, 11, {"content-length": "11"})
    with budget.share() as share, pytest.raises(LimitExceeded):
        await read(request, share)
    assert request.taken == 0


async def test_a_body_that_is_announced_and_not_sent_keeps_nobody_out() -> None:
    budget = BodyBudget(limit_bytes=10)
    with budget.share() as silent, budget.share() as other:
        await read(Arriving(0, 0, {"content-length": "10"}), silent)
        assert len(await read(Arriving(1, 10, {"content-length": "10"}), other)) == 10


@given(st.lists(st.lists(st.integers(0, 9), max_size=5), max_size=8))
def test_the_budget_is_never_exceeded_and_always_given_back(bodies: list[list[int]]) -> None:
    budget = BodyBudget(limit_bytes=20)
    with ExitStack() as held:
        for pieces in bodies:
            share = held.enter_context(budget.share())
            try:
                for piece in pieces:
                    share.take(piece)
            except LimitExceeded:
                share.__exit__(None, None, None)
            assert 0 <= budget.taken_bytes <= 20
    assert budget.taken_bytes == 0
