"""How answers leave: the head with the first piece, and never later than a moment."""

import asyncio
from typing import Any

import pytest

from mno.platform.http.connections import JOINED_BYTES, JoinedTransport

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Kept(asyncio.Transport):
    """What is written, piece by piece, and b"" for the end."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.pieces: list[bytes] = []

    def write(self, data: Any) -> None:
        self.pieces.append(bytes(data))

    def close(self) -> None:
        self.pieces.append(b"")


@pytest.fixture
async def kept() -> Kept:
    return Kept()


@pytest.fixture
async def joined(kept: Kept) -> JoinedTransport:
    return JoinedTransport(kept, asyncio.get_running_loop())


async def test_an_answer_is_one_piece(joined: JoinedTransport, kept: Kept) -> None:
    joined.write(HEAD)
    joined.write(b"ok")
    await asyncio.sleep(0)
    assert kept.pieces == [HEAD + b"ok"]


async def test_a_head_whose_body_is_not_there_yet_does_not_wait_for_it(joined: JoinedTransport, kept: Kept) -> None:
    joined.write(HEAD)
    await asyncio.sleep(0)
    assert kept.pieces == [HEAD]
    joined.write(b"o")
    joined.write(b"k")
    assert kept.pieces == [HEAD, b"o", b"k"]


async def test_one_answer_after_the_other_keeps_its_order(joined: JoinedTransport, kept: Kept) -> None:
    for _ in range(2):
        joined.write(HEAD)
        joined.write(b"ok")
    joined.write(HEAD)
    await asyncio.sleep(0)
    assert kept.pieces == [HEAD + b"ok", HEAD + b"ok", HEAD]


async def test_a_large_piece_is_not_copied(joined: JoinedTransport, kept: Kept) -> None:
    large = b"x" * (JOINED_BYTES + 1)
    joined.write(HEAD)
    joined.write(large)
    assert kept.pieces == [HEAD, large]


async def test_a_head_leaves_before_its_connection_closes(joined: JoinedTransport, kept: Kept) -> None:
    joined.write(HEAD)
    joined.close()
    await asyncio.sleep(0)
    assert kept.pieces == [HEAD, b""]


async def test_everything_else_is_the_transport_s(joined: JoinedTransport) -> None:
    assert joined.get_extra_info("peername") == ("127.0.0.1", 1)
