"""The credentials of channels: one JSON value each, encrypted by the program's own secrets and shown to nobody."""

from dataclasses import asdict
from uuid import UUID

import orjson

from mno.notifications.model import ChannelCredential
from mno.platform.database import Connection
from mno.secrets.own.service import OwnSecrets


class Credentials:
    """By channel."""

    def __init__(self, secrets: OwnSecrets) -> None:
        self._secrets = secrets

    async def read(self, tx: Connection, team_id: UUID, channel_id: UUID) -> ChannelCredential:
        """An empty one where the channel needs none; `Unavailable` when it cannot be decrypted."""
        kept = await self._secrets.read_own(team_id, secret_name(channel_id), tx=tx)
        return ChannelCredential() if kept is None else ChannelCredential(**orjson.loads(kept))

    async def write(self, tx: Connection, team_id: UUID, channel_id: UUID, credential: ChannelCredential) -> None:
        """Keeps it from the end of the caller's transaction."""
        if credential == ChannelCredential():
            await self._secrets.delete_own(team_id, secret_name(channel_id), tx=tx)
        else:
            value = orjson.dumps(asdict(credential)).decode()
            await self._secrets.write_own(team_id, secret_name(channel_id), value, tx=tx)


def secret_name(channel_id: UUID) -> str:
    """Under which name it lies among the program's own secrets."""
    return f"notifications.channel.{channel_id.hex}"
