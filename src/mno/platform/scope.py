"""Where a permission holds: the hub, a team, a project, or one agent, tool or task of a project."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Level(StrEnum):
    """The levels of a scope, from the widest to the narrowest; the last three stand side by side."""

    HUB = "hub"
    TEAM = "team"
    PROJECT = "project"
    AGENT = "agent"
    TOOL = "tool"
    TASK = "task"


def server_of(tool: str) -> str:
    """The server in `<server>_<tool>`, as tools of MCP servers are called; the name of a server alone is all of its
    tools. No server's name has an underscore.
    """
    return tool.partition("_")[0]


@dataclass(frozen=True, slots=True)
class Scope:
    """One place. `project_id` is set from the project down, `name` for an agent, tool or task."""

    level: Level
    team_id: UUID
    project_id: UUID | None = None
    name: str = ""

    @classmethod
    def team(cls, team_id: UUID) -> "Scope":
        return cls(Level.TEAM, team_id)

    @classmethod
    def tool(cls, team_id: UUID, project_id: UUID, name: str) -> "Scope":
        return cls(Level.TOOL, team_id, project_id, name)

    @classmethod
    def project(cls, team_id: UUID, project_id: UUID) -> "Scope":
        return cls(Level.PROJECT, team_id, project_id)
