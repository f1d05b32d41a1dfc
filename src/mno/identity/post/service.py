"""The mail server's password, and a letter that shows whether the settings work.

Where letters go out is in the settings (`mail.*`); the password lies encrypted with the program's other credentials.
"""

from typing import Protocol
from uuid import UUID

from mno.audit.model import HUB_CHAIN
from mno.audit.service import Audit
from mno.platform.database import Connection, Database
from mno.platform.mail import Mail
from mno.platform.principal import Principal

MAIL_PASSWORD = "mail.password"  # noqa: S105 - its name
#: In all three languages at once: it shows as well that Chinese arrives unharmed.
_TRIAL = """A letter from MachineNativeOps

If you read this, the mail server's settings work.

收到此信，表示郵件伺服器設定正確。

收到此邮件，说明邮件服务器设置正确。
"""


class OwnSecrets(Protocol):
    """The program's own credentials."""

    async def write_own(self, team_id: UUID | None, name: str, value: str, *, tx: Connection | None = None) -> None: ...
    async def own_names(self, team_id: UUID | None = None) -> list[str]: ...
    async def delete_own(self, team_id: UUID | None, name: str, *, tx: Connection | None = None) -> bool: ...


class PostOffice:
    """For administrators of the hub."""

    def __init__(self, database: Database, mail: Mail, secrets: OwnSecrets, audit: Audit) -> None:
        self._database = database
        self._mail = mail
        self._secrets = secrets
        self._audit = audit

    async def keep_password(self, principal: Principal, password: str) -> None:
        """Sets the mail server's password; an empty one takes it away."""
        async with self._database.across_teams() as tx:
            if password:
                await self._secrets.write_own(None, MAIL_PASSWORD, password, tx=tx)
            else:
                await self._secrets.delete_own(None, MAIL_PASSWORD, tx=tx)
            after = {"set": bool(password)}
            await self._audit.record(tx, principal, "mail.password", MAIL_PASSWORD, after=after, team_id=HUB_CHAIN)

    async def has_password(self) -> bool:
        return MAIL_PASSWORD in await self._secrets.own_names()

    async def send_trial(self, to: str) -> None:
        """`Unavailable` with the mail server's own words when it does not take the letter."""
        await self._mail.send(to, "A letter from MachineNativeOps", _TRIAL)
