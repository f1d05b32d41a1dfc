"""A process that starts a program as the hub does, says which processes came of it, and waits to be killed."""

import asyncio
import sys
from pathlib import Path

from integration.mcp_gateway.stdio.test_way import ready, running


async def main(folder: Path) -> None:
    async with running(folder) as hub:
        sys.stdout.write(await hub.call(ready(), "child") + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
