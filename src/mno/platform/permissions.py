"""Every permission there is, by the level on which it is asked for.

A role is a set of these names; a route names the one that it wants. The list stands here and not with the
features, because a custom role must be able to name any of them and no feature may import another.
"""

from mno.platform.scope import Level

#: Asked of the whole installation.
HUB = frozenset({"hub.read", "hub.settings.read", "hub.settings.write", "hub.teams.create", "hub.audit.read"})

#: Asked of a team.
TEAM = frozenset(
    {
        "team.read", "team.write",
        "members.read", "members.write",
        "groups.read", "groups.write",
        "roles.read", "roles.write",
        "grants.read", "grants.write",
        "projects.create",
        "audit.read",
        "directory.write",
        "channels.read", "channels.write",
    }
)  # fmt: skip

#: Asked of a project (or of an agent, tool or task in it); held on the team, they hold in each of its projects.
PROJECT = frozenset(
    {
        "projects.read", "projects.write",
        "spans.read", "spans.write",
        "logs.read", "logs.write",
        "usage.read",
        "prices.read", "prices.write",
        "anomalies.write",
        "budgets.read", "budgets.write", "ledger.read",
        "alerts.read", "alerts.write", "alerts.answer",
        "events.read", "events.write",
        "keys.read", "keys.write",
        "settings.read", "settings.write",
        "secrets.read", "secrets.write", "secrets.use",
        "approvals.read", "approvals.decide",
        "system.read",
        "models.call", "gateway.read", "gateway.write",
        "mcp.call", "mcp.read", "mcp.write", "mcp.stdio",
    }
)  # fmt: skip

ALL = HUB | TEAM | PROJECT

#: Systems that a team can switch off by the setting `systems.<name>`, and what nobody in it may then.
SYSTEMS = {
    "monitor": frozenset({"spans.read", "logs.read", "system.read"}),
    "costs": frozenset(
        {"usage.read", "prices.read", "prices.write", "anomalies.write", "budgets.read", "budgets.write", "ledger.read"}
        | {"alerts.read", "alerts.write", "alerts.answer"}
    ),
    "gateway": frozenset({"models.call", "gateway.read", "gateway.write"}),
    "mcp": frozenset({"mcp.call", "mcp.read", "mcp.write", "mcp.stdio"}),
}

#: What looking means: no secret, no change.
READING = frozenset(name for name in TEAM | PROJECT if name.endswith(".read"))


def level_of(permission: str) -> Level:
    """The level on which a permission is asked for; KeyError for a name that is none."""
    for names, level in ((PROJECT, Level.PROJECT), (TEAM, Level.TEAM), (HUB, Level.HUB)):
        if permission in names:
            return level
    raise KeyError(permission)
