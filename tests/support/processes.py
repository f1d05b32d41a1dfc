"""Other processes as a test sees them, which may end between any two questions about them."""

import psutil


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and that nobody has waited for yet (a zombie) does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def keepers() -> list[psutil.Process]:
    """The keepers of stdio servers that this process has started and that run."""
    return [child for child in psutil.Process().children() if "keeper.py" in command(child)]


def unshared_bytes(process: psutil.Process) -> int:
    """Memory that only this process has; 0 once it has ended."""
    try:
        return int(process.memory_full_info().uss)
    except psutil.NoSuchProcess:
        return 0


def command(process: psutil.Process) -> str:
    """What it was started with; nothing once it has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""
