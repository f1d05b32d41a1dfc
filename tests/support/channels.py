"""Receivers of channels over real sockets, which take a message only as the real services do, and a desk that sends.

Chat services have fixed hosts and want https: `a_chat_world` listens once for all of them, with certificates of an
authority of the test's own, and lets their names and port 443 lead to it.
"""

import asyncio
import base64
import hashlib
import hmac
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpcore
import orjson
import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mno.audit.service import Audit
from mno.identity import store as identity_store
from mno.identity.model import Team
from mno.notifications.credentials.service import Credentials
from mno.notifications.delivering.service import Delivering
from mno.notifications.editing.service import ChannelEditing
from mno.notifications.model import Channel, ChannelKind, Delivery, Notice, NoticeSeverity, Text
from mno.notifications.senders import Senders
from mno.notifications.service import Notifications
from mno.notifications.setup import ChannelWish
from mno.platform.database import Database
from mno.platform.egress import Allowed, Egress
from mno.platform.ids import new_id
from mno.platform.mail import Mail, MailServer, Security
from mno.platform.principal import Principal, PrincipalKind
from mno.platform.versions import Versions
from mno.secrets.master.choice import chosen
from mno.secrets.master.local import KeyFile
from mno.secrets.service import Secrets

#: What opens each service; a receiver refuses everything else.
TOKEN = "canary0token0of0a0chat"
SECRET = "SECcanary0signing0secret"
API_KEY = "SG.canary-key.of_sendgrid"
TEAMS_HOST = "prod-7.westeurope.logic.azure.com"
ADDRESSES = {
    ChannelKind.SLACK: f"https://hooks.slack.com/services/T01/B02/{TOKEN}",
    ChannelKind.TEAMS: f"https://{TEAMS_HOST}:443/workflows/abc1/triggers/manual/paths/invoke"
    f"?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={TOKEN}",
    ChannelKind.DISCORD: f"https://discord.com/api/webhooks/1234/{TOKEN}",
    ChannelKind.FEISHU: f"https://open.feishu.cn/open-apis/bot/v2/hook/{TOKEN}",
    ChannelKind.DINGTALK: f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}",
    ChannelKind.WECOM: f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={TOKEN}",
}
HOSTS = [
    "hooks.slack.com", TEAMS_HOST, "discord.com", "open.feishu.cn", "open.larksuite.com", "oapi.dingtalk.com",
    "qyapi.weixin.qq.com", "api.sendgrid.com",
]  # fmt: skip
LOOPBACK = Allowed.of(["127.0.0.0/8"])


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, status: int, said: Any) -> "Answer":
        return cls(status, orjson.dumps(said), {"content-type": "application/json"})


@dataclass
class Receiver:
    """Answers with `answers` in their order, then as `judge` decides. While `holding`, it reads and says nothing."""

    judge: Callable[[Asked], Answer]
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    holding: bool = False
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
            }
            body = await reader.readexactly(int(headers["content-length"]))
            parts = urlsplit(first.split()[1])
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            asked = Asked(headers["host"], parts.path, query, headers, body)
            self.asked.append(asked)
            self.arrived.set()
            if self.holding:
                await self.go_on.wait()
            answer = self.answers.pop(0) if self.answers else self.judge(asked)
            head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
            writer.write(f"HTTP/1.1 {answer.status} X\r\ncontent-length: {len(answer.body)}\r\n{head}".encode())
            writer.write(b"connection: close\r\n\r\n" + answer.body)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def listening(receiver: Receiver, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    server = await asyncio.start_server(receiver.talk, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        receiver.go_on.set()
        server.close()
        await server.wait_closed()


# — the services —


def signed_webhook(secret: str, asked: Asked) -> bool:
    """As the libraries of Standard Webhooks check it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{asked.headers['webhook-id']}.{asked.headers['webhook-timestamp']}.".encode() + asked.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    fresh = abs(int(asked.headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 300
    return fresh and asked.headers["webhook-signature"] == f"v1,{expected}"


def chat_services(asked: Asked) -> Answer:
    """Takes what the real service would take; what opens it must be right, and signatures where there are some."""
    match asked.host:
        case "hooks.slack.com":
            right = asked.path == f"/services/T01/B02/{TOKEN}" and asked.json["attachments"][0]["title"]
            return Answer(200, b"ok") if right else Answer(404, b"no_service")
        case "discord.com":
            right = asked.path == f"/api/webhooks/1234/{TOKEN}" and 0 < len(asked.json["content"]) <= 2_000
            return Answer(204) if right else Answer.of(401, {"message": "Invalid Webhook Token", "code": 50027})
        case "open.feishu.cn" | "open.larksuite.com":
            return Answer.of(200, _feishu(asked))
        case "oapi.dingtalk.com":
            return Answer.of(200, _dingtalk(asked))
        case "qyapi.weixin.qq.com":
            right = asked.query["key"] == TOKEN and len(asked.json["text"]["content"].encode()) <= 2_048
            said = (0, "ok") if right else (93000, f"invalid webhook url {asked.query['key']}")
            return Answer.of(200, {"errcode": said[0], "errmsg": said[1]})
        case "api.sendgrid.com":
            right = asked.headers["authorization"] == f"Bearer {API_KEY}"
            error = {"errors": [{"message": "The provided authorization grant is invalid", "field": None}]}
            return Answer(202) if right else Answer.of(401, error)
    assert asked.host == TEAMS_HOST, asked.host
    return Answer(202) if asked.query["sig"] == TOKEN else Answer.of(401, {"error": {"code": "Unauthorized"}})


def _feishu(asked: Asked) -> dict[str, Any]:
    said = asked.json
    key = f"{said.get('timestamp', '')}\n{SECRET}".encode()
    sign = base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
    if asked.path.rstrip("/") != f"/open-apis/bot/v2/hook/{TOKEN}" or said["msg_type"] != "text":
        return {"code": 19001, "msg": "param invalid: incoming webhook access token invalid", "data": {}}
    if said.get("sign") != sign:
        return {"code": 19021, "msg": "sign match fail or timestamp is not within one hour from current time"}
    return {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}


def _dingtalk(asked: Asked) -> dict[str, Any]:
    text = f"{asked.query.get('timestamp', '')}\n{SECRET}".encode()
    sign = base64.b64encode(hmac.new(SECRET.encode(), text, hashlib.sha256).digest()).decode()
    if asked.query["access_token"] != TOKEN:
        return {"errcode": 300005, "errmsg": "token is not exist"}
    if asked.query.get("sign") != sign:
        return {"errcode": 310000, "errmsg": "sign not match"}
    return {"errcode": 0, "errmsg": "ok"}


@dataclass(frozen=True)
class ChatWorld:
    receiver: Receiver
    egress: Egress


@asynccontextmanager
async def a_chat_world(folder: Path, patch: pytest.MonkeyPatch) -> AsyncIterator[ChatWorld]:
    """Every chat service on this machine: their names resolve to it and port 443 is its port."""
    tls, authority = certificates(folder, HOSTS)
    async with listening(Receiver(chat_services), tls) as receiver:
        real = httpcore.AnyIOBackend.connect_tcp

        async def to_receiver(backend: Any, host: str, port: int, *rest: Any, **named: Any) -> Any:
            return await real(backend, host, receiver.port if port == 443 else port, *rest, **named)

        patch.setattr(httpcore.AnyIOBackend, "connect_tcp", to_receiver)
        yield ChatWorld(receiver, Egress(lambda: LOOPBACK, lambda host, port: ["127.0.0.1"], str(authority)))


def certificates(folder: Path, hosts: list[str]) -> tuple[ssl.SSLContext, Path]:
    """A server's certificate for these names, and the file of the authority that made it."""
    now = datetime.now(UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in ("Test authority", "Services")]

    def made(index: int) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(names[index])
            .issuer_name(names[0])
            .public_key(keys[index].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=index == 0, path_length=None), critical=True)
        )

    alternative = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    root = made(0).sign(keys[0], hashes.SHA256())
    leaf = made(1).add_extension(alternative, critical=False).sign(keys[0], hashes.SHA256())
    authority, chain = folder / "authority.pem", folder / "services.pem"
    authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    private = keys[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain.write_bytes(private + leaf.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain)
    return context, authority


# — the desk —


@dataclass
class Desk:
    """Notifications as the program builds them, for one team; `sql` are a superuser's hands in the database."""

    database: Database
    url: str
    team_id: UUID
    delivering: Delivering
    notifications: Notifications
    editing: ChannelEditing

    @property
    def actor(self) -> Principal:
        return Principal(PrincipalKind.USER, UUID(int=1), "Ada", self.team_id, UUID(int=2), frozenset())

    async def channel(self, kind: ChannelKind, name: str = "ops", **wish: Any) -> tuple[Channel, str]:
        """A new channel, and the signing secret that was made for it."""
        made = await self.editing.create(self.actor, ChannelWish(name, kind, **wish))
        return made.channel, made.secret

    async def send(self, *channels: Channel, key: str = "", **changes: Any) -> Notice:
        notice = a_notice(self.team_id, key, **changes)
        async with self.database.transaction(self.team_id) as tx:
            await self.notifications.send(tx, notice, [channel.id for channel in channels])
        return notice

    async def deliveries(self, channel: Channel) -> list[Delivery]:
        """The oldest first."""
        found = await self.editing.deliveries(self.actor, channel.id, state=None, before=None, limit=100)
        return list(reversed(found))

    async def states(self, channel: Channel) -> list[str]:
        return [str(one.state) for one in await self.deliveries(channel)]

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            done = connection.execute(statement, values)
            return done.fetchall() if done.description else []

    def make_due(self) -> None:
        """What waits for its next try is due now, and nobody holds a channel."""
        self.sql("UPDATE notifications_deliveries SET due_at = now() - interval '1 second'")
        self.sql("UPDATE notifications_channels SET due_at = now() - interval '1 second', leased_till = NULL")


def a_notice(team_id: UUID, key: str = "", **changes: Any) -> Notice:
    texts = {
        "en": Text("Cost above 100 USD", ["Project <Shop>, last hour"], "https://hub.example/alerts/1", "Chart"),
        "zh-Hant": Text("費用超過 100 美元", ["專案 <Shop>，過去一小時"], "https://hub.example/alerts/1", "圖表"),
        "zh-Hans": Text("费用超过 100 美元", ["项目 <Shop>，过去一小时"], "https://hub.example/alerts/1", "图表"),
    }
    values = {
        "severity": NoticeSeverity.CRITICAL,
        "texts": texts,
        "data": {"type": "alert.opened", "id": "alr_1"},
        **changes,
    }
    return Notice(team_id, key or f"alert {new_id()}", **values)


async def desk_over(
    database: Database, url: str, folder: Path, egress: Egress, mail_port: int = 0, team_id: UUID | None = None
) -> Desk:
    """For a new team unless one is named: then it is another process of the same installation."""

    async def no_password() -> None:
        return None

    def server() -> MailServer:
        return MailServer("127.0.0.1" if mail_port else "", mail_port, Security.NONE, "", "MNO <hub@example.com>")

    versions, audit = Versions(database), Audit(database)
    credentials = Credentials(Secrets(database, chosen("", KeyFile(folder / "master.key")), versions).own)
    delivering = Delivering(database, Senders(Mail(server, no_password), egress), credentials)
    if team_id is None:
        team_id = new_id()
        async with database.across_teams() as tx:
            await identity_store.insert_team(tx, Team(team_id, f"Team {team_id.hex}"))
    return Desk(
        database,
        url,
        team_id,
        delivering,
        Notifications(database, delivering.wake),
        ChannelEditing(database, audit, credentials, delivering, "https://hub.example"),
    )
