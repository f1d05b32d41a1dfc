# mypy: ignore-errors
"""One process that has loaded the SDKs, of which each driver is a copy: loading them is half of a driver's work.

    python loaded.py SOCKET

Only the SDKs: what instruments them is loaded by each driver, in the environment of its run. To run one, connect to the
Unix socket and send a line of JSON, `{"driver": PATH, "environment": {…}}`. What comes back is all that the driver
prints until it has ended as any program does, and then its exit status on a line of its own.
"""

import gc
import json
import os
import runpy
import socket
import sys

import anthropic  # noqa: F401
import openai  # noqa: F401
from google import genai  # noqa: F401


def driver_of(connection):
    """Returns in a new process, which writes to the connection; this one waits for its end and tells it."""
    driver = os.fork()
    if driver == 0:
        asked = json.loads(connection.makefile().readline())
        for stream in (1, 2):
            os.dup2(connection.fileno(), stream)
        connection.close()
        os.environ.clear()
        os.environ.update(asked["environment"])
        return asked["driver"]
    status = os.waitstatus_to_exitcode(os.waitpid(driver, 0)[1])
    connection.sendall(f"\n{status}".encode())
    os._exit(0)


def driver_of_next(listener):
    """Takes one caller after the other, and gives each a process of its own."""
    while True:
        connection, _ = listener.accept()
        with connection:
            attendant = os.fork()
            if attendant == 0:
                return driver_of(connection)


gc.freeze()
with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(f"{sys.argv[1]}.new")
    listener.listen()
    os.replace(f"{sys.argv[1]}.new", sys.argv[1])  # noqa: PTH105 - who sees it can connect
    path = driver_of_next(listener)
sys.argv = [path]
runpy.run_path(path, run_name="__main__")
