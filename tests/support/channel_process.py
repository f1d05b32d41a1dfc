"""A process that delivers notices until it is killed: `channel_process.py POSTGRES_URL FOLDER TEAM`."""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mno.platform.egress import Egress
from support.channels import LOOPBACK, desk_over
from support.engines import opened


async def main(url: str, folder: str, team: str) -> None:
    async with opened(url) as database:
        desk = await desk_over(database, url, Path(folder), Egress(lambda: LOOPBACK), team_id=UUID(team))
        async with desk.delivering.running():
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
