"""Where things lie: the data folder with its lock, and what ships inside the package.

One data folder belongs to one running program. The lock is an advisory one of the kernel, so it is gone
with the process, however that ended.
"""

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from mno.platform.errors import Conflict

_PRIVATE_FILE = 0o600
#: As root, the embedded Postgres runs under another account, which must pass the folder but not list it.
_FOLDER_MODE = 0o711 if os.geteuid() == 0 else 0o700
#: Whoever looks whether a folder is held has its lock for a moment.
_LOOK_S = 0.2


def default_data_folder() -> Path:
    """The platform's own place for a user's data, such as ~/.local/share/mno."""
    import platformdirs

    return Path(platformdirs.user_data_dir("mno", appauthor=False))


def packaged(*names: str) -> Traversable:
    """A file or folder that ships with the program."""
    return files("mno").joinpath(*names)


def built_web_folder() -> Path | None:
    """The built web pages: inside an installed package, or in the checkout; None where nobody built them."""
    package = Path(str(files("mno")))
    for folder in (package / "web_dist", package.parent.parent / "web" / "dist"):
        if (folder / "index.html").is_file():
            return folder
    return None


@dataclass(frozen=True, slots=True)
class RunningServer:
    """What a running program tells the command line on the same machine: its address and a private key."""

    url: str
    pid: int
    token: str = field(repr=False)


class DataFolder:
    """The folder in which one running program keeps everything that lasts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def clickhouse(self) -> Path:
        return self.path / "clickhouse"

    @property
    def objects(self) -> Path:
        """What lies outside of both databases, where no object store is set."""
        return self.path / "objects"

    @property
    def audit_key(self) -> Path:
        """The key that signs anchors of the audit log."""
        return self.path / "audit.key"

    @property
    def journal(self) -> Path:
        """Deliveries of spans that are durable and may not be in ClickHouse yet."""
        return self.path / "journal"

    @property
    def master_key(self) -> Path:
        """What the encrypted values in the database hang on, where MNO_MASTER_KEY names nothing else."""
        return self.path / "master.key"

    def check_free(self) -> None:
        """`Conflict` while another process holds the folder: an early look, `claim` decides."""
        if self.is_held():
            raise Conflict(self._taken())

    def claim(self) -> None:
        """Makes the folder and takes it for this process; `Conflict` while another one holds it."""
        self.path.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
        lock = os.open(self.path / "mno.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE_FILE)
        deadline = time.monotonic() + _LOOK_S
        while not _takes(lock, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                os.close(lock)
                raise Conflict(self._taken())
            time.sleep(_LOOK_S / 20)
        self._lock = lock
        self.server_file.unlink(missing_ok=True)

    def release(self) -> None:
        if self._lock is None:
            return
        self.server_file.unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = None

    @property
    def server_file(self) -> Path:
        return self.path / "server.json"

    def announce(self, server: RunningServer) -> None:
        """Leaves the address for the command line, readable by this user only."""
        draft = self.path / "server.json.new"
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
        with os.fdopen(handle, "w") as file:
            json.dump(asdict(server), file)
        draft.rename(self.server_file)

    def withdraw(self) -> None:
        """Nobody should come any more: the program is about to stop."""
        self.server_file.unlink(missing_ok=True)

    def running_server(self) -> RunningServer | None:
        """What the program that holds this folder announced; None when none does."""
        try:
            server = RunningServer(**json.loads(self.server_file.read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return server if self.is_held() else None

    def is_held(self) -> bool:
        """Whether a process has claimed the folder."""
        try:
            lock = os.open(self.path / "mno.lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return not _takes(lock, fcntl.LOCK_SH)
        finally:
            os.close(lock)

    def _taken(self) -> str:
        try:
            server = json.loads(self.server_file.read_text())
            who = f"It runs at {server['url']} (process {server['pid']})."
        except (OSError, ValueError, KeyError, TypeError):
            who = "It is starting or stopping."
        return f"Another mno already uses the data folder {self.path}. {who} Stop it, or set MNO_DATA_DIR."


def _takes(lock: int, kind: int) -> bool:
    """Whether nobody else has the lock in a way that forbids it; taken then until the file is closed."""
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
