"""Keys are random, recognisable and found again by their hash alone."""

import pytest

from mno.platform import crypto


def test_new_keys_look_like_keys_and_differ() -> None:
    keys = {crypto.new_key() for _ in range(200)}
    assert len(keys) == 200
    assert all(crypto.looks_like_key(key) for key in keys)
    assert len({crypto.fingerprint(key) for key in keys}) == 200


@pytest.mark.parametrize(
    ("text", "is_key"),
    [
        ("mno_" + "a" * 24, True),
        ("mno_" + "aB3_-x" * 6, True),
        ("mno_" + "a" * 23, False),
        ("mno_" + "a" * 201, False),
        ("MNO_" + "a" * 40, False),
        ("mno_" + "a" * 40 + "\n", False),
        ("", False),
    ],
)
def test_what_a_key_looks_like(text: str, is_key: bool) -> None:
    assert crypto.looks_like_key(text) is is_key


def test_the_visible_part_gives_little_away() -> None:
    key = crypto.new_key()
    assert key.startswith(crypto.visible_part(key))
    assert len(crypto.visible_part(key)) == 12
