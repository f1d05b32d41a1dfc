"""Where deliveries are decoded: in processes of their own, so that the interpreter lock is left to the rest.

A decoder thread takes a process that has nothing to do, hands it the bytes, and waits with the lock released. A
process is started when it is first needed, and again when it has died; it ends when its pipe does, so it cannot
outlive the program. A small body is decoded on the thread itself: the way to another process and back would take
longer. See docs/decisions/0009.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import LifoQueue
from typing import TypeVar

import mno
from mno.observability.ingest import decoding
from mno.observability.ingest.decoding import Broken, Sent
from mno.observability.ingest.model import Decoded, stopping
from mno.platform.errors import LimitExceeded, Unavailable

#: Deliveries that wait for a decoder or are with one.
MAX_WAITING = 1_000
#: A body up to this size, not compressed, is decoded where it is.
SMALL_BODY_BYTES = 4 * 1024

Outcome = TypeVar("Outcome")


def default_processes() -> int:
    """One for each processor: while one exporter's delivery is decoded the other processor is often free."""
    return min(4, os.cpu_count() or 1)


class Decoders:
    """Threads and the processes behind them. With no processes everything is decoded on the threads."""

    def __init__(self, processes: int | None = None) -> None:
        self._processes = [_Process() for _ in range(default_processes() if processes is None else processes)]
        self._free: LifoQueue[_Process] = LifoQueue()
        for process in self._processes:
            self._free.put(process)
        # One more than processes: it prices and records while the process has the next delivery already.
        self._threads = ThreadPoolExecutor(len(self._processes) + 1, thread_name_prefix="ingest-decoder")
        self._waiting = threading.Semaphore(MAX_WAITING)

    @property
    def process_ids(self) -> list[int]:
        """Of those that run at present."""
        return [process.pid for process in self._processes if process.pid]

    def submit(self, work: Callable[[], Outcome]) -> "Future[Outcome]":
        """Runs `work` on a decoder thread; `LimitExceeded` when too much waits already."""
        if not self._waiting.acquire(blocking=False):
            raise LimitExceeded(
                f"{MAX_WAITING:,} deliveries wait to be decoded, which is the limit; send again later.", retry_after_s=1
            )
        try:
            future = self._threads.submit(work)
        except RuntimeError:
            self._waiting.release()
            raise stopping() from None
        future.add_done_callback(lambda _: self._waiting.release())
        return future

    def decode(self, sent: Sent) -> Decoded:
        """`decoding.decode`, here or in a process; call it on a decoder thread.

        Also `Unavailable` when the process died over it; the next delivery gets a new one.
        """
        if not self._processes or (len(sent.body) <= SMALL_BODY_BYTES and not sent.encoding):
            return decoding.decode(sent)
        process = self._free.get()
        try:
            status, answer = process.ask(sent)
        finally:
            self._free.put(process)
        return decoding.understood(status, answer)

    def close(self) -> None:
        """Ends everything; who still waits hears `Unavailable`."""
        for process in self._processes:
            process.end()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for process in self._processes:
            process.clean_up()


class _Process:
    """One decoder process; used by one thread at a time, and ended by any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._ended = False

    @property
    def pid(self) -> int:
        """0 when there is none."""
        running = self._running
        return running.pid if running is not None and running.poll() is None else 0

    def ask(self, sent: Sent) -> tuple[int, bytes | memoryview]:
        running = self._started()
        assert running.stdin is not None
        assert running.stdout is not None
        try:
            return decoding.ask(running.stdin, running.stdout, sent)
        except Broken:
            with self._lock:
                running.kill()
                self.clean_up()
            raise Unavailable("The delivery could not be decoded: its decoder ended; send the same again.") from None

    def end(self) -> None:
        """At once: it holds nothing that is not still with the sender."""
        with self._lock:
            self._ended = True
            if self._running is not None:
                self._running.kill()

    def clean_up(self) -> None:
        """Of one that has been killed or has ended."""
        if self._running is not None:
            for pipe in (self._running.stdin, self._running.stdout):
                if pipe is not None:
                    pipe.close()
            self._running.wait()
            self._running = None

    def _started(self) -> "subprocess.Popen[bytes]":
        with self._lock:
            if self._ended:
                raise stopping()
            if self._running is not None and self._running.poll() is not None:
                self.clean_up()
            if self._running is None:
                self._running = _start()
            return self._running


def _start() -> "subprocess.Popen[bytes]":
    source = str(Path(mno.__file__).parents[1])
    path = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH"))))
    # What it reads comes from anybody, so it gets neither our settings (passwords are among them) nor the terminal.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MNO_")}
    running = subprocess.Popen(
        [sys.executable, "-P", "-m", decoding.__name__],
        env={**environment, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
    )
    for pipe in (running.stdin, running.stdout):
        _widen(pipe.fileno() if pipe is not None else -1)
    return running


def _widen(pipe: int) -> None:
    """Room for a whole delivery, where the system lets us choose (Linux)."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, decoding.PIPE_BYTES)
