"""A ciphertext opens with its key in its place, unchanged, and in no other case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.platform.errors import Unavailable
from mno.secrets import envelope

KEY = envelope.new_data_key()
parts = st.lists(st.text(max_size=8), max_size=4)


@given(st.binary(max_size=200), parts)
def test_what_was_sealed_opens_again(plain: bytes, where: list[str]) -> None:
    sealed = envelope.sealed(KEY, plain, envelope.place(*where))
    assert envelope.opened(KEY, sealed, envelope.place(*where)) == plain
    assert sealed != envelope.sealed(KEY, plain, envelope.place(*where))


@given(st.binary(max_size=50), st.data())
def test_a_changed_or_cut_ciphertext_does_not_open(plain: bytes, data: st.DataObject) -> None:
    sealed = envelope.sealed(KEY, plain, b"here")
    position = data.draw(st.integers(0, len(sealed) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    changed = sealed[:position] + bytes([sealed[position] ^ bit]) + sealed[position + 1 :]
    for wrong in (changed, sealed[:position], sealed + b"x"):
        with pytest.raises(Unavailable):
            envelope.opened(KEY, wrong, b"here")


@given(parts, parts)
def test_no_two_places_read_the_same(one: list[str], other: list[str]) -> None:
    assert (envelope.place(*one) == envelope.place(*other)) == (one == other)
    if one != other:
        with pytest.raises(Unavailable):
            envelope.opened(KEY, envelope.sealed(KEY, b"x", envelope.place(*one)), envelope.place(*other))


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(Unavailable):
        envelope.opened(envelope.new_data_key(), envelope.sealed(KEY, b"x", b"here"), b"here")
