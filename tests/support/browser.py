"""What journeys through the pages need besides a hub: a browser, Node, and the built pages."""

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.engines import ADMIN_KEY

WEB = Path(__file__).parents[2] / "web"


def browser_path() -> str | None:
    """The browser that CHROMIUM names, else the first of those that the journeys know."""
    known: list[str] = json.loads((WEB / "journeys" / "browsers.json").read_text())
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, known)), None)


#: For tests that walk the pages.
in_a_browser = [
    pytest.mark.skipif(
        not browser_path(), reason="there is no Chromium here (apt-get install chromium-headless-shell)"
    ),
    pytest.mark.skipif(not (WEB / "dist" / "index.html").exists(), reason="the pages are not built (make web)"),
]


def node() -> str:
    """Node from the machine, or the one that `make setup` brought."""
    found = shutil.which("node")
    if found:
        return found
    folder = subprocess.run(
        ["sh", str(WEB.parent / "scripts" / "node_path.sh")], capture_output=True, text=True, check=True
    )
    return str(Path(folder.stdout.strip()) / "node")


async def walked(journey: str, url: str, link: str, key: str = ADMIN_KEY) -> None:
    """A journey of web/journeys over the hub at `url`; the key may do everything. Of `link`, which signs in once, the
    path counts: what made it may not know the port.
    """
    told = os.environ | {
        "MNO_URL": url, "MNO_LINK": url + link[link.index("/api/") :], "MNO_KEY": key, "CHROMIUM": str(browser_path()),
    }  # fmt: skip
    walk = await asyncio.create_subprocess_exec(
        node(), "--test-reporter=spec", f"journeys/{journey}.mjs",
        cwd=WEB, env=told, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        printed, _ = await walk.communicate()
    finally:
        if walk.returncode is None:  # nobody waits for it any more
            walk.kill()
            await walk.wait()
    assert walk.returncode == 0, printed.decode()
