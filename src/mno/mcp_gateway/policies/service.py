"""Rules for tools in memory, and what they say of each tool."""

from collections.abc import Sequence
from uuid import UUID

from mno.mcp_gateway.policies import rules, store
from mno.mcp_gateway.policies.model import ToolRule, ToolTerms
from mno.platform.database import Connection, Database
from mno.platform.remembered import Remembered
from mno.platform.versions import Versions

#: Tools of one team of which is remembered what its rules say.
MAX_TOOL_TERMS = 20_000


class TeamRules:
    """One team's, with what they say of tools that were asked about."""

    def __init__(self, all_rules: Sequence[ToolRule]) -> None:
        self._rules = all_rules
        self._known: dict[tuple[str, str], ToolTerms] = {}

    def of(self, server: str, tool: str) -> ToolTerms:
        """What all rules say of this tool."""
        terms = self._known.get((server, tool))
        if terms is None:
            if len(self._known) >= MAX_TOOL_TERMS:
                self._known.clear()
            terms = self._known[server, tool] = rules.terms_of(self._rules, server, tool)
        return terms


class Policies:
    """By team; for one event loop."""

    def __init__(self, database: Database, versions: Versions) -> None:
        self._database = database
        self._versions = versions
        self._remembered = Remembered(versions, "mcp-rules/", self._read)

    async def of(self, team_id: UUID) -> TeamRules:
        """From memory, or read now; `Unavailable` when the database does not answer."""
        return await self._remembered.of(team_id)

    async def changed(self, tx: Connection, team_id: UUID) -> None:
        """Lets every process read them anew once this transaction commits; others that change them wait until then."""
        await self._versions.bump(tx, self._remembered.topic_of(team_id))

    async def _read(self, team_id: UUID) -> TeamRules:
        async with self._database.transaction(team_id) as tx:
            return TeamRules(await store.rules_of(tx, team_id))
