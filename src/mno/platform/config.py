"""What the operator decides before the program starts: read once, from the environment.

What may change while it runs is a setting in the database, never here. Every name is documented in
docs/reference and starts with `MNO_`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mno.platform.errors import Invalid
from mno.platform.paths import default_data_folder

DEFAULT_PORT = 8420
DEFAULT_OTLP_GRPC_PORT = 4317
#: Between two anchors of the audit log, in minutes.
DEFAULT_AUDIT_ANCHOR_MINUTES = 10


@dataclass(frozen=True, slots=True)
class Config:
    """Where the program listens and keeps its data. Ports are 1 to 65535; 0 lets the system choose
    `port`, and switches `otlp_grpc_port` off. An empty URL means the embedded engine.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    data_folder: Path = field(default_factory=default_data_folder)
    postgres_url: str = field(default="", repr=False)
    clickhouse_url: str = field(default="", repr=False)
    #: Empty: budgets are counted in Postgres.
    redis_url: str = field(default="", repr=False)
    bootstrap_api_key: str = field(default="", repr=False)
    #: Empty: a key of our own in the data folder.
    master_key: str = field(default="", repr=False)
    otlp_grpc_port: int = DEFAULT_OTLP_GRPC_PORT
    #: Empty: a folder in the data folder.
    objects_url: str = ""
    #: Empty: a key of our own in the data folder.
    audit_key: str = field(default="", repr=False)
    audit_trusted_keys: str = ""
    audit_anchor_minutes: int = DEFAULT_AUDIT_ANCHOR_MINUTES
    #: Under which address users reach us, for links; empty means http://localhost and the port.
    public_url: str = ""
    #: Programs that MCP servers may be, by comma; `*`: any. Empty: none.
    mcp_stdio: str = ""
    log_level: str = "info"
    log_format: str = "text"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Config":
        """Reads the `MNO_` variables; `Invalid` names the variable that cannot be understood."""
        return cls(
            host=environment.get("MNO_HOST") or "127.0.0.1",
            port=_port(environment, "MNO_PORT", DEFAULT_PORT),
            data_folder=_folder(environment.get("MNO_DATA_DIR", "")),
            postgres_url=environment.get("MNO_POSTGRES_URL", ""),
            clickhouse_url=environment.get("MNO_CLICKHOUSE_URL", ""),
            redis_url=environment.get("MNO_REDIS_URL", ""),
            bootstrap_api_key=environment.get("MNO_BOOTSTRAP_API_KEY", ""),
            master_key=environment.get("MNO_MASTER_KEY", ""),
            objects_url=environment.get("MNO_OBJECTS_URL", ""),
            audit_key=environment.get("MNO_AUDIT_KEY", ""),
            audit_trusted_keys=environment.get("MNO_AUDIT_TRUSTED_KEYS", ""),
            audit_anchor_minutes=_minutes(environment, "MNO_AUDIT_ANCHOR_MINUTES", DEFAULT_AUDIT_ANCHOR_MINUTES),
            otlp_grpc_port=_port(environment, "MNO_OTLP_GRPC_PORT", DEFAULT_OTLP_GRPC_PORT),
            public_url=environment.get("MNO_PUBLIC_URL", "").rstrip("/"),
            mcp_stdio=environment.get("MNO_MCP_STDIO", "").strip(),
            log_level=_choice(environment, "MNO_LOG_LEVEL", ("info", "debug", "warning", "error")),
            log_format=_choice(environment, "MNO_LOG_FORMAT", ("text", "json")),
        )

    def shown(self) -> list[tuple[str, str]]:
        """The variables with what they are set to, for the settings page; of secrets only whether they are set."""
        secret = {True: "set", False: ""}
        return [
            ("MNO_HOST", self.host),
            ("MNO_PORT", str(self.port)),
            ("MNO_PUBLIC_URL", self.public_url),
            ("MNO_OTLP_GRPC_PORT", str(self.otlp_grpc_port)),
            ("MNO_DATA_DIR", str(self.data_folder)),
            ("MNO_POSTGRES_URL", secret[bool(self.postgres_url)] or "embedded"),
            ("MNO_CLICKHOUSE_URL", secret[bool(self.clickhouse_url)] or "embedded"),
            ("MNO_REDIS_URL", secret[bool(self.redis_url)]),
            ("MNO_BOOTSTRAP_API_KEY", secret[bool(self.bootstrap_api_key)]),
            ("MNO_MASTER_KEY", secret[bool(self.master_key)]),
            ("MNO_OBJECTS_URL", self.objects_url.partition("?")[0] or "embedded"),
            ("MNO_AUDIT_KEY", secret[bool(self.audit_key)]),
            ("MNO_AUDIT_TRUSTED_KEYS", self.audit_trusted_keys),
            ("MNO_AUDIT_ANCHOR_MINUTES", str(self.audit_anchor_minutes)),
            ("MNO_MCP_STDIO", self.mcp_stdio),
            ("MNO_LOG_LEVEL", self.log_level),
            ("MNO_LOG_FORMAT", self.log_format),
        ]

    def url(self, port: int) -> str:
        """The address to show to people, for the port really bound."""
        return self.public_url or self.local_url(port)

    def local_url(self, port: int) -> str:
        """The address for programs on this machine."""
        host = "localhost" if self.host in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::") else self.host  # noqa: S104 - compared, not bound
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise Invalid(f"{name} is '{text[:40]}', which is not a port number (0 to 65535).")
    return int(text)


def _minutes(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1440:
        raise Invalid(f"{name} is '{text[:40]}', which is not a number of minutes (1 to 1440).")
    return int(text)


def _folder(text: str) -> Path:
    return Path(text).expanduser().absolute() if text else default_data_folder()


def _choice(environment: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    text = environment.get(name, "").strip().lower() or choices[0]
    if text not in choices:
        raise Invalid(f"{name} is '{text[:40]}'; it may be one of {', '.join(choices)}.")
    return text
