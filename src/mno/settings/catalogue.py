"""Every setting there is. A new one needs a line here and its words in three languages in words.json."""

import json
from functools import cache

from mno.platform.paths import packaged
from mno.platform.scope import Level
from mno.settings.model import Kind, Setting

LANGUAGES = ("en", "zh-Hant", "zh-Hans")

_HUB = (Level.HUB,)
_TEAM = (Level.HUB, Level.TEAM)
_PROJECT = (Level.HUB, Level.TEAM, Level.PROJECT)
_KINDS_OF_PROVIDERS = ("openai", "anthropic", "gemini", "openai-compatible")
_A_DAY_TO_TEN_YEARS = {"minimum": 0, "maximum": 3650, "unit": "days"}

SETTINGS: tuple[Setting, ...] = (
    Setting("general.language", Kind.CHOICE, "", _TEAM, choices=("", *LANGUAGES)),
    Setting("systems.monitor", Kind.BOOLEAN, True, _TEAM),
    Setting("systems.costs", Kind.BOOLEAN, True, _TEAM),
    Setting("systems.gateway", Kind.BOOLEAN, True, _TEAM),
    Setting("systems.mcp", Kind.BOOLEAN, True, _TEAM),
    Setting("security.allowed_addresses", Kind.NETWORKS, (), _TEAM),
    Setting("security.trusted_proxies", Kind.NETWORKS, (), _HUB),
    Setting("security.egress_allowed", Kind.HOSTS, (), _HUB),
    Setting("security.webauthn_rp_id", Kind.TEXT, "", _HUB),
    Setting("security.session_hours", Kind.INTEGER, 720, _HUB, minimum=1, maximum=8760, unit="hours"),
    Setting("security.session_idle_hours", Kind.INTEGER, 168, _HUB, minimum=1, maximum=8760, unit="hours"),
    Setting("security.invitation_days", Kind.INTEGER, 7, _TEAM, minimum=1, maximum=90, unit="days"),
    Setting("security.password_sign_in", Kind.BOOLEAN, True, _HUB),
    Setting("security.passkey_sign_in", Kind.BOOLEAN, True, _HUB),
    Setting("github.client_id", Kind.TEXT, "", _HUB),
    Setting("redaction.detectors", Kind.CHOICES, ("provider_key",), _PROJECT,
            choices=("provider_key", "email", "phone", "card", "cn_id", "tw_id")),
    Setting("redaction.patterns", Kind.PATTERNS, (), _PROJECT),
    Setting("costs.holidays", Kind.TEXT, "", _PROJECT),
    Setting("retention.spans_days", Kind.INTEGER, 0, _PROJECT, **_A_DAY_TO_TEN_YEARS),  # type: ignore[arg-type]
    Setting("retention.logs_days", Kind.INTEGER, 0, _PROJECT, **_A_DAY_TO_TEN_YEARS),  # type: ignore[arg-type]
    Setting("retention.metrics_days", Kind.INTEGER, 0, _PROJECT, **_A_DAY_TO_TEN_YEARS),  # type: ignore[arg-type]
    Setting("retention.audit_days", Kind.INTEGER, 0, _HUB, **_A_DAY_TO_TEN_YEARS),  # type: ignore[arg-type]
    Setting("mail.host", Kind.TEXT, "", _HUB),
    Setting("mail.port", Kind.INTEGER, 587, _HUB, minimum=1, maximum=65535),
    Setting("mail.security", Kind.CHOICE, "starttls", _HUB, choices=("starttls", "tls", "none")),
    Setting("mail.user", Kind.TEXT, "", _HUB),
    Setting("mail.from", Kind.TEXT, "", _HUB),
    Setting("otel.endpoint", Kind.TEXT, "", _HUB),
    Setting("otel.interval_s", Kind.INTEGER, 60, _HUB, minimum=5, maximum=3600, unit="seconds"),
    Setting("llm.providers", Kind.CHOICES, _KINDS_OF_PROVIDERS, _PROJECT, choices=_KINDS_OF_PROVIDERS),
    Setting("llm.model", Kind.TEXT, "", _PROJECT),
    Setting("llm.max_output_tokens", Kind.INTEGER, 0, _PROJECT, minimum=0, maximum=1_000_000, unit="tokens"),
    Setting("mcp.call_timeout_s", Kind.INTEGER, 60, _TEAM, minimum=1, maximum=3600, unit="seconds",
            awaits="MCP gateway"),
    Setting("mcp.result_bytes", Kind.INTEGER, 1_048_576, _TEAM, minimum=1024, maximum=104_857_600, unit="bytes",
            awaits="MCP gateway"),
    Setting("mcp.calls_per_minute", Kind.INTEGER, 600, _PROJECT, minimum=1, maximum=1_000_000, awaits="MCP gateway"),
)  # fmt: skip

BY_NAME = {setting.name: setting for setting in SETTINGS}


@cache
def words() -> dict[str, dict[str, dict[str, str]]]:
    """Title and description of every setting: `words()[name][language]["title"]`."""
    found = json.loads(packaged("settings").joinpath("words.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found
