"""The master key's file is private, made once, and changed all or nothing."""

import asyncio
import base64
import os
import stat
from pathlib import Path

import pytest

from mno.platform.errors import Invalid
from mno.secrets.master.choice import chosen
from mno.secrets.master.local import KeyFile, LocalKey


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "master.key")


def test_the_file_is_for_its_owner_only_and_made_once(file: KeyFile) -> None:
    key = file.create()
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert file.create().id == key.id
    assert [one.id for one in file.read()] == [key.id]
    assert [one.name for one in file.path.parent.iterdir()] == ["master.key"]


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(file: KeyFile, mode: int) -> None:
    file.create()
    file.path.chmod(mode)
    with pytest.raises(Invalid, match="chmod 600"):
        file.read()


def test_a_link_in_place_of_the_file_is_refused(file: KeyFile, tmp_path: Path) -> None:
    KeyFile(tmp_path / "elsewhere").create()
    file.path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Invalid, match="cannot be read"):
        file.read()


def test_a_new_key_stands_first_and_the_old_one_stays_until_it_is_dropped(file: KeyFile) -> None:
    old = file.create()
    new = file.add()
    assert [key.id for key in file.read()] == [new.id, old.id]
    file.keep_only(new.id)
    assert [key.id for key in file.read()] == [new.id]
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "text", ["canary", "canary,", base64.b64encode(b"canary" * 3).decode(), "a,canary", "aws-kms:"]
)
def test_a_wrong_setting_is_refused_without_repeating_it(text: str, file: KeyFile) -> None:
    with pytest.raises(Invalid) as refused:
        chosen(text, file)
    assert "canary" not in str(refused.value)


def test_the_same_key_twice_is_a_mistake(file: KeyFile) -> None:
    text = base64.b64encode(os.urandom(32)).decode()
    with pytest.raises(Invalid, match="twice"):
        chosen(f"{text}, {text}", file)


def test_a_key_of_the_environment_makes_no_file(file: KeyFile) -> None:
    async def nothing_encrypted() -> bool:
        return True

    key = LocalKey(os.urandom(32))
    ring = chosen(key.text(), file)
    asyncio.run(ring.ready(nothing_encrypted))
    assert ring.current.id == key.id
    assert not file.path.exists()
    assert key.text() not in repr(key)
