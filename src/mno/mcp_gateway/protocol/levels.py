"""Levels of log messages, from the least severe on: which a client wants, and whether a message is one of them.

Source: the specification of MCP, "Logging" (revisions 2025-11-25 and 2026-07-28); the levels are those of RFC 5424.
"""

from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import Object

LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
#: What a client of the older era gets that has not said what it wants.
DEFAULT_LEVEL = "info"


def wanted(params: Object) -> str:
    """The level that the parameters of a request ask for; empty where they ask for none."""
    if "_meta" not in params:
        return ""
    try:
        level = message.text_of(message.object_of(params["_meta"]).get(message.LOG_LEVEL_KEY))
    except ValueError:
        return ""
    return level if level in LEVELS else ""


def is_below(level: str, other: str) -> bool:
    """Whether it lets more through than the other; an unset level lets the default through."""
    return LEVELS.index(level) < LEVELS.index(other or DEFAULT_LEVEL)


def lets_through(level: str, notification: Object) -> bool:
    """Whether a log message is at least as severe as that; empty: none is."""
    try:
        given = message.text_of(message.object_of(notification["params"]).get("level"))
    except (KeyError, ValueError):
        return False
    return bool(level) and given in LEVELS and LEVELS.index(given) >= LEVELS.index(level)
