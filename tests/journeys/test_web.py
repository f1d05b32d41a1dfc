"""The pages as their readers use them: journeys in a real browser, against the program in a process of its own.

The journeys themselves are written beside the pages, in web/journeys; each has a hub to itself and runs under
Node's own test runner.
"""

import asyncio
import os
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from journeys.test_serve import BOOTSTRAP_KEY, address, serving
from support.coverage import UNMEASURED
from support.engines import ADMIN_KEY

WEB = Path(__file__).parents[2] / "web"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium here (apt-get install chromium)")
@pytest.mark.skipif(not (WEB / "dist" / "index.html").exists(), reason="the pages are not built (make web)")
@pytest.mark.timeout(240)
@pytest.mark.parametrize("journey", ["newcomer", "trace", "pages", "prices", "chat_hub"])
def test_the_journey_ends_well(journey: str, tmp_path: Path) -> None:
    with serving(tmp_path / "data", MNO_BOOTSTRAP_API_KEY=BOOTSTRAP_KEY, **UNMEASURED) as (_, printed):
        link = re.search(r"Sign in \(works once\)\s+(\S+)", printed)
        assert link
        url = address(printed)
        assert httpx.get(f"{url}/api/health").json()["status"] == "ok"
        told = os.environ | {"MNO_URL": url, "MNO_LINK": link[1], "MNO_KEY": BOOTSTRAP_KEY, "CHROMIUM": str(CHROMIUM)}
        ended = subprocess.run(
            [node(), "--test", "--test-reporter=spec", f"journeys/{journey}.mjs"],
            cwd=WEB, env=told, capture_output=True, text=True, timeout=220, check=False,
        )  # fmt: skip
    print(ended.stdout)
    assert ended.returncode == 0, ended.stdout + ended.stderr


async def walked(journey: str, url: str, link: str) -> None:
    """A journey over a hub in this process; `link` is the one-time link that its own API answers with."""
    told = os.environ | {
        "MNO_URL": url, "MNO_LINK": url + link[link.index("/api/") :], "MNO_KEY": ADMIN_KEY, "CHROMIUM": str(CHROMIUM)
    }  # fmt: skip
    walk = await asyncio.create_subprocess_exec(
        node(), "--test", "--test-reporter=spec", f"journeys/{journey}.mjs",
        cwd=WEB, env=told, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await walk.communicate()
    assert walk.returncode == 0, printed.decode()


def node() -> str:
    """Node from the machine, or the one that `make setup` brought."""
    found = shutil.which("node")
    if found:
        return found
    folder = subprocess.run(
        ["sh", str(WEB.parent / "scripts" / "node_path.sh")], capture_output=True, text=True, check=True
    )
    return str(Path(folder.stdout.strip()) / "node")
