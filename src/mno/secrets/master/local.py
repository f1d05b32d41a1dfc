"""Master keys of our own: 32 random bytes, in a file that only the hub's account can read, or in the environment."""

import base64
import binascii
import hashlib
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

from mno.platform.errors import Invalid
from mno.secrets import envelope

_PRIVATE = 0o600
#: Keys of one file or variable, the former ones included.
MAX_MASTER_KEYS = 20
_HEADER = "# Master key of this hub: keep it secret, and keep a copy. The first line encrypts, all of them decrypt.\n"


class LocalKey:
    """A key in memory. Its id is made of a hash, so it may be shown."""

    def __init__(self, key: bytes) -> None:
        if len(key) != envelope.KEY_BYTES:
            raise Invalid(f"A master key has {envelope.KEY_BYTES} bytes; this one has {len(key)}.")
        self._key = key
        self._id = "local:" + hashlib.sha256(b"mno master key id\0" + key).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"LocalKey({self._id})"

    @property
    def id(self) -> str:
        return self._id

    async def wrap(self, plain: bytes, where: bytes) -> bytes:
        return envelope.sealed(self._key, plain, where)

    async def unwrap(self, wrapped: bytes, where: bytes) -> bytes:
        return envelope.opened(self._key, wrapped, where)

    def text(self) -> str:
        """As it stands in the file."""
        return base64.b64encode(self._key).decode()


def parsed(text: str, where: str) -> LocalKey:
    """The key in base64; `Invalid` names the place and never the text."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(f"A master key in {where} is not base64. Make one with: openssl rand -base64 32") from None
    if len(key) != envelope.KEY_BYTES:
        raise Invalid(f"A master key in {where} has {len(key)} bytes instead of 32: openssl rand -base64 32")
    return LocalKey(key)


class KeyFile:
    """`master.key` in the data folder: base64, one key a line, the newest first."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[LocalKey]:
        """The keys, none where there is no file; `Invalid` for one that other accounts can read."""
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise Invalid(f"The master key {self.path} cannot be read: {error.strerror}.") from None
        with os.fdopen(handle) as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise Invalid(
                    f"Other accounts can read the master key {self.path} (mode {mode:04o}). Run: chmod 600 "
                    f"{self.path} and then `mno secrets rotate-master-key`, because they may have read it."
                )
            lines = [line.strip() for line in file if line.strip() and not line.startswith("#")]
        if len(lines) > MAX_MASTER_KEYS:
            raise Invalid(f"{self.path} has {len(lines)} keys; at most {MAX_MASTER_KEYS} are read.")
        return [parsed(line, str(self.path)) for line in lines]

    def changed_at(self) -> datetime | None:
        """When the file was last written."""
        try:
            return datetime.fromtimestamp(self.path.stat().st_mtime, UTC)
        except FileNotFoundError:
            return None

    def create(self) -> LocalKey:
        """A first key, unless another start of the program was faster; then that one."""
        key = LocalKey(envelope.new_data_key())
        if self._write([key], replace=False):
            return key
        return self.read()[0]

    def add(self) -> LocalKey:
        """A new key in front of the others."""
        key = LocalKey(envelope.new_data_key())
        self._write([key, *self.read()], replace=True)
        return key

    def keep_only(self, id_: str) -> None:
        self._write([key for key in self.read() if key.id == id_], replace=True)

    def _write(self, keys: list[LocalKey], *, replace: bool) -> bool:
        """All or nothing, and on the disk before anything is wrapped; False where a file is there already."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE)
        try:
            with os.fdopen(handle, "w") as file:
                file.write(_HEADER + "".join(key.text() + "\n" for key in keys))
                file.flush()
                os.fsync(file.fileno())
            if replace:
                draft.replace(self.path)
            else:
                try:
                    os.link(draft, self.path)
                except FileExistsError:
                    return False
        finally:
            draft.unlink(missing_ok=True)
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return True
