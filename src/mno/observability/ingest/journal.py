"""The journal: where a delivery is durable before it is acknowledged.

Inserting into the span store pays off in large blocks, answering pays off at once. So a delivery is first
appended here (one write to the disk for all that wait at that moment), acknowledged, and then inserted with
whatever else has come. A segment is deleted when all its deliveries are in the store and the store is on the
disk; what is left after a crash is read back and inserted again, which is safe because admission drops what is
there already.

A record is a length, a CRC-32 and the delivery as MessagePack. A record cut short by a crash was never
acknowledged, so reading a segment stops there. For the same reason nothing is written behind a record that a
full disk cut short: it is cut off, or what comes next begins a new segment.
"""

import logging
import os
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from mno.observability.spans.model import Owner, Span
from mno.platform.errors import Conflict

#: A segment is closed at this size; it bounds what a restart after a crash reads back.
SEGMENT_BYTES = 8 * 1024 * 1024

_log = logging.getLogger(__name__)

_DURABLE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_DSYNC
_HEADER = struct.Struct("<II")
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[Owner, list[Span]])


def record(owner: Owner, spans: list[Span]) -> bytes:
    """One delivery as it stands in a segment."""
    payload = _encoder.encode((owner, spans))
    return _HEADER.pack(len(payload), zlib.crc32(payload)) + payload


class Journal:
    """Numbered segment files in one folder; used by one writing thread."""

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.folder = folder
        self._segment_bytes = segment_bytes
        self._number = 0
        self._oldest = 0
        self._file = -1
        self._size = 0
        #: Whether the last write may have left part of a record at the end of the segment.
        self._torn = False

    def open(self) -> None:
        """Continues behind the segments that are there; `left_over` reads those."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._number = max(self._numbers(), default=0)
        self._start_segment()

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def append(self, records: list[bytes]) -> int:
        """Writes the records to the disk and returns the number of their segment. OSError: none of them counts."""
        if self._torn or self._size >= self._segment_bytes:
            self._start_segment()
        written = b"".join(records)
        try:
            self._write(written)
        except OSError:
            self._cut_off()
            raise
        self._size += len(written)
        return self._number

    def _write(self, content: bytes) -> None:
        """Returns when it is on the disk: the file is open for that (`O_DSYNC`), which saves a call a group."""
        view = memoryview(content)
        while view:
            view = view[os.write(self._file, view) :]

    def _cut_off(self) -> None:
        """Takes back what a failed write left behind; a full disk needs the space."""
        self._torn = True
        with suppress(OSError):
            os.ftruncate(self._file, self._size)
            self._torn = False

    def forget(self, before: int) -> None:
        """Deletes the segments with a lower number: all their deliveries are in the store.

        One that cannot be deleted is tried again later; read back after a crash it adds nothing.
        """
        if before <= self._oldest:
            return
        try:
            for number in self._numbers():
                if number < before:
                    self._path(number).unlink(missing_ok=True)
        except OSError as error:
            _log.warning("A segment of the journal cannot be deleted (%s); it will be tried again.", error)
            return
        self._oldest = before

    def forget_all(self) -> None:
        """Deletes everything; for an orderly stop, or after the left-overs are in the store."""
        if self._size or self._torn:
            self._start_segment()
        self.forget(self._number)

    def left_over(self) -> Iterator[tuple[Owner, list[Span]]]:
        """The deliveries of earlier runs that may not be in the store, in the order of their arrival.

        `Conflict` when another version wrote them in another shape.
        """
        for number in self._numbers():
            if number < self._number:
                yield from _deliveries(self._path(number).read_bytes())

    def set_aside(self, owner: Owner, spans: list[Span]) -> None:
        """Keeps a delivery that the store will not take, for a person to look at."""
        folder = self.folder / "set-aside"
        folder.mkdir(exist_ok=True, mode=0o700)
        (folder / f"{time.time_ns()}.journal").write_bytes(record(owner, spans))

    def _start_segment(self) -> None:
        self.close()
        self._number += 1
        self._file = os.open(self._path(self._number), _DURABLE, 0o600)
        self._size = 0
        self._torn = False
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _numbers(self) -> list[int]:
        return sorted(int(path.stem) for path in self.folder.glob("*.journal"))

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:012d}.journal"


def _deliveries(segment: bytes) -> Iterator[tuple[Owner, list[Span]]]:
    position = 0
    while position + _HEADER.size <= len(segment):
        length, checksum = _HEADER.unpack_from(segment, position)
        payload = segment[position + _HEADER.size : position + _HEADER.size + length]
        if len(payload) < length or zlib.crc32(payload) != checksum:
            return
        try:
            yield _decoder.decode(payload)
        except msgspec.MsgspecError as error:
            raise Conflict(
                f"The journal was written by another version of mno ({error}). Start that version once more on this "
                "data folder and stop it in order, so that everything is stored; then start this one."
            ) from None
        position += _HEADER.size + length
