"""Verbs of the command line, run in this process as `mno` runs them: one of its own costs half a second of processor,
nearly all of it for loading the same modules again.
"""

import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from mno.entry.cli import main
from support.coverage import measured


@dataclass(frozen=True, slots=True)
class Ended:
    """What a verb left, named as `subprocess` names it."""

    returncode: int
    stdout: str
    stderr: str


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Of a program on this data folder that takes free ports; no setting comes from outside but `more`."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MNO_")}
    return ours | {"MNO_DATA_DIR": str(folder), "MNO_PORT": "0", "MNO_OTLP_GRPC_PORT": "0"} | more


def mno(folder: Path, *arguments: str, typed: str = "", **more: str) -> Ended:
    """Runs a verb on this data folder to its end; `typed` is its standard input, `more` its environment."""
    printed, errors = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(errors), measured(0):
        patch.setattr(os, "environ", environment(folder, **more))
        patch.setattr(sys, "argv", ["mno", *arguments])
        patch.setattr(sys, "stdin", StringIO(typed))
        with pytest.raises(SystemExit) as ended:
            main()
    return Ended(int(ended.value.code or 0), printed.getvalue(), errors.getvalue())
