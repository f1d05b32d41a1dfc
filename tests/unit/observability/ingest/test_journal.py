"""The journal gives back what was appended, up to a record that a crash cut short."""

import errno
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.ingest.journal import Journal, _deliveries, record
from mno.observability.spans.model import Owner, Span
from mno.platform.errors import Conflict

OWNER = Owner("team", "project", "otlp", "key")


def spans(count: int) -> list[Span]:
    return [Span(bytes([n]) * 16, bytes([n]) * 8, n, n, f"span {n}", cost=None, tags=("a=b",)) for n in range(count)]


def test_a_later_run_reads_what_an_earlier_one_appended(tmp_path: Path) -> None:
    first = Journal(tmp_path)
    first.open()
    first.append([record(OWNER, spans(2)), record(OWNER, spans(1))])
    first.close()
    second = Journal(tmp_path)
    second.open()
    assert list(second.left_over()) == [(OWNER, spans(2)), (OWNER, spans(1))]
    second.forget_all()
    assert list(second.left_over()) == []
    second.close()


@pytest.mark.parametrize("can_be_cut_off", [True, False])
def test_what_follows_a_record_that_a_full_disk_cut_short_is_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_be_cut_off: bool
) -> None:
    journal = Journal(tmp_path)
    journal.open()
    journal.append([record(OWNER, spans(1))])
    taken = sum(path.stat().st_size for path in tmp_path.iterdir())
    with monkeypatch.context() as full:
        full.setattr(os, "write", _twenty_bytes_then_full(os.write))
        if not can_be_cut_off:
            full.setattr(os, "ftruncate", _fail)
        with pytest.raises(OSError, match="No space"):
            journal.append([record(OWNER, spans(2))])
    left_behind = sum(path.stat().st_size for path in tmp_path.iterdir()) - taken
    assert left_behind == (0 if can_be_cut_off else 20), "a full disk needs the space"
    journal.append([record(OWNER, spans(3))])
    journal.close()
    later = Journal(tmp_path)
    later.open()
    assert list(later.left_over()) == [(OWNER, spans(1)), (OWNER, spans(3))]
    later.close()


def test_a_segment_that_cannot_be_deleted_is_deleted_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path, segment_bytes=1)
    journal.open()
    first, last = (journal.append([record(OWNER, spans(1))]) for _ in range(2))
    with monkeypatch.context() as read_only:
        read_only.setattr(Path, "unlink", _refuse)
        journal.forget(last)
    assert (tmp_path / f"{first:012d}.journal").exists()
    journal.forget(last)
    assert not (tmp_path / f"{first:012d}.journal").exists()
    journal.close()


def _twenty_bytes_then_full(write: Callable[[int, bytes], int]) -> Callable[[int, bytes], int]:
    left = [20]

    def write_some(file: int, data: bytes) -> int:
        if not left:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data[: left.pop()])

    return write_some


def _fail(file: int, length: int) -> None:
    raise OSError(errno.EIO, "Input/output error")


def _refuse(path: Path, *, missing_ok: bool) -> None:
    raise OSError(errno.EROFS, "Read-only file system")


def test_segments_are_forgotten_once_their_deliveries_are_stored(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=1)
    journal.open()
    segments = [journal.append([record(OWNER, spans(1))]) for _ in range(3)]
    assert segments == sorted(set(segments))
    journal.forget(segments[-1])
    assert [int(path.stem) for path in tmp_path.glob("*.journal")] == [segments[-1]]
    journal.close()


def test_a_delivery_set_aside_stays_readable_and_is_not_read_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.open()
    journal.set_aside(OWNER, spans(1))
    assert list(journal.left_over()) == []
    (kept,) = (tmp_path / "set-aside").iterdir()
    assert list(_deliveries(kept.read_bytes())) == [(OWNER, spans(1))]
    journal.close()


def test_a_journal_of_another_shape_says_what_to_do(tmp_path: Path) -> None:
    payload = msgspec.msgpack.encode((OWNER, [["not", "a", "span"]]))
    (tmp_path / "000000000001.journal").write_bytes(struct.pack("<II", len(payload), zlib.crc32(payload)) + payload)
    journal = Journal(tmp_path)
    journal.open()
    with pytest.raises(Conflict, match="Start that version once more"):
        list(journal.left_over())
    journal.close()


@given(st.integers(0, 4), st.integers(1, 200))
def test_a_record_cut_short_hides_nothing_before_it(count: int, cut: int) -> None:
    whole = b"".join(record(OWNER, spans(1)) for _ in range(count))
    torn = record(OWNER, spans(3))[:-cut]
    assert list(_deliveries(whole + torn)) == [(OWNER, spans(1))] * count


@given(st.integers(8, 60), st.integers(0, 7))
def test_a_flipped_bit_is_noticed(position: int, bit: int) -> None:
    damaged = bytearray(record(OWNER, spans(2)))
    damaged[position] ^= 1 << bit
    assert list(_deliveries(bytes(damaged))) == []
