"""Anchors are signed by a key that nobody else can read, and say nothing once they are touched."""

import base64
import json
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.audit.anchoring.anchors import Anchor, FileKey, Kind, SigningKey, opened, signed
from mno.platform import clock
from mno.platform.errors import Invalid

KEY = SigningKey(bytes(32))
ANCHOR = Anchor(Kind.ANCHOR, UUID(int=5), 7, b"h" * 32, clock.now(), 3)
WRITTEN = signed(ANCHOR, KEY)


def test_an_anchor_reads_as_it_was_written() -> None:
    assert opened(WRITTEN, KEY) == ANCHOR


@given(st.integers(0, len(WRITTEN) - 1), st.integers(1, 255))
def test_no_changed_byte_yields_another_anchor(place: int, change: int) -> None:
    damaged = bytearray(WRITTEN)
    damaged[place] ^= change
    assert opened(bytes(damaged), KEY) in (None, ANCHOR)


@given(
    st.binary(max_size=300)
    | st.recursive(st.none() | st.text(), lambda inner: st.lists(inner)).map(lambda value: json.dumps(value).encode())
)
def test_what_is_no_anchor_is_none(content: bytes) -> None:
    assert opened(content, KEY) is None


def test_the_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    file = tmp_path / "audit.key"
    first = FileKey(file)
    assert not file.exists()
    assert first.public == FileKey(file).public
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_former_key_stays_trusted_when_it_is_named(tmp_path: Path) -> None:
    new = base64.b64encode(b"n" * 32).decode()
    former = base64.b64encode(KEY.public).decode()
    assert opened(WRITTEN, FileKey(tmp_path / "x", new)) is None
    assert opened(WRITTEN, FileKey(tmp_path / "x", new, f" {former} ,")) == ANCHOR


@pytest.mark.parametrize("text", ["x", "c2hvcnQ=", base64.b64encode(bytes(33)).decode()])
def test_a_text_that_is_no_key_names_its_variable(tmp_path: Path, text: str) -> None:
    with pytest.raises(Invalid, match="MNO_AUDIT_KEY"):
        FileKey(tmp_path / "x", text)


def test_derived_secrets_differ_by_purpose_and_stay_the_same() -> None:
    assert KEY.derived("a") == SigningKey(bytes(32)).derived("a")
    assert len({KEY.derived("a"), KEY.derived("b"), bytes(32)}) == 3
