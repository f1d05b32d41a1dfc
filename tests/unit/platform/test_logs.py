"""A log line carries no secret, whatever was logged."""

import json
import logging
from collections.abc import Iterator

import pytest

from mno.platform import crypto, logs


@pytest.fixture(autouse=True)
def untouched_root() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_keys_and_tokens_are_cut_off() -> None:
    key = crypto.new_key()
    text = logs.without_secrets(f"GET /api/auth/link?token=abcdefgh&x=1 Authorization: Bearer-x {key}")
    assert key not in text
    assert "abcdefgh" not in text
    assert "Bearer-x" not in text


@pytest.mark.parametrize("form", ["text", "json"])
def test_errors_are_logged_with_their_story_and_without_their_secrets(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    key = crypto.new_key()
    logs.configure("info", form)
    try:
        raise ValueError(f"bad {key}")
    except ValueError:
        logging.getLogger("mno.test").exception("It failed with %s", key)
    line = capsys.readouterr().err
    assert "ValueError" in line
    assert "mno.test" in line
    assert key not in line
    if form == "json":
        assert json.loads(line)["level"] == "error"


def test_a_json_line_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", "json")
    logging.getLogger("mno.test").info("two\nlines")
    assert json.loads(capsys.readouterr().err)["message"] == "two\nlines"


def test_chatty_libraries_are_held_back(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "text")
    logging.getLogger("httpx").info("GET …")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("end", ["\n", "\r\n", "\x85", "\u2028", "\x1b[2K"])
def test_nobody_writes_a_line_of_their_own(end: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "text")
    logging.getLogger("mno.test").info("%s failed", f"/api/x{end}12:00:00 ERROR   mno: forged")
    written = capsys.readouterr().err
    assert len(written.splitlines()) == 1
    assert "\x1b" not in written
