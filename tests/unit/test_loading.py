"""Every module is loaded, without a warning, by a program that has loaded nothing else before.

Coverage sees here what modules run while they are loaded, and nowhere else (`support/libraries.py`).
"""

import subprocess
import sys

PROGRAM = """
from importlib import import_module
from pkgutil import walk_packages

import mno

for module in walk_packages(mno.__path__, "mno."):
    if not module.name.endswith("__main__"):
        import_module(module.name)
        print(module.name)
"""


def test_every_module_loads_outside_of_the_tests() -> None:
    ran = subprocess.run([sys.executable, "-W", "error", "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    assert len(ran.stdout.split()) > 500
