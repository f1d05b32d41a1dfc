"""What a set of grants allows: pure, and quick, because every request asks it.

A permission is a bit. The grants of one subject become two masks (allowed, denied) for each place that they name;
a question joins the masks of the place asked about and of those above it. A deny anywhere on that way wins.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from mno.identity.policy.model import Effect, Grant, Role
from mno.platform.permissions import ALL, HUB, PROJECT, TEAM
from mno.platform.scope import Level, Scope, server_of

#: The bit of every permission.
BITS = {name: 1 << place for place, name in enumerate(sorted(ALL))}
#: Besides names, what a role may say: all of a team's and its projects', or all that begin so.
PATTERNS = frozenset({"*"} | {f"{name.split('.')[0]}.*" for name in ALL})


def mask_of(names: Iterable[str]) -> int:
    """The mask of exact names; KeyError for one that is none."""
    mask = 0
    for name in names:
        mask |= BITS[name]
    return mask


HUB_MASK, TEAM_MASK, PROJECT_MASK = mask_of(HUB), mask_of(TEAM), mask_of(PROJECT)
#: Of all that is asked of a tool, what an agent's key may.
_TOOL_CALLS = mask_of({"mcp.call"})
#: What a place can be asked for; a role's other permissions say nothing there.
MEANT_AT = {Level.HUB: HUB_MASK, Level.TEAM: TEAM_MASK | PROJECT_MASK}


@lru_cache(maxsize=4096)
def names_of(mask: int) -> frozenset[str]:
    return frozenset(name for name, bit in BITS.items() if mask & bit)


def meant_at(level: Level) -> int:
    """The permissions that a grant on this level can give or take."""
    return MEANT_AT.get(level, PROJECT_MASK)


@lru_cache(maxsize=4096)
def expanded(patterns: tuple[str, ...]) -> int:
    """The mask of names and patterns. `*` never means the hub's; what names nothing any more is passed over."""
    mask = 0
    for pattern in patterns:
        if pattern == "*":
            mask |= TEAM_MASK | PROJECT_MASK
        elif pattern.endswith(".*"):
            mask |= mask_of(name for name in ALL if name.startswith(pattern[:-1]))
        else:
            mask |= BITS.get(pattern, 0)
    return mask


def nearest(unknown: str) -> str:
    """The known permission or pattern that looks most like it."""
    return difflib.get_close_matches(unknown, sorted(BITS) + sorted(PATTERNS), n=1, cutoff=0)[0]


@dataclass(frozen=True, slots=True)
class RoleMasks:
    """What a role gives: at once, and only after a second factor."""

    free: int
    verified: int

    @property
    def all(self) -> int:
        return self.free | self.verified


def masks_of(roles: Mapping[UUID, Role]) -> dict[UUID, RoleMasks]:
    """What each role gives, those that it includes counted in. An included role that is not there gives nothing."""
    known: dict[UUID, RoleMasks] = {}

    def visit(role_id: UUID, path: frozenset[UUID]) -> RoleMasks:
        if role_id in known:
            return known[role_id]
        role = roles.get(role_id)
        if role is None or role_id in path:
            return RoleMasks(0, 0)
        free, verified = expanded(role.permissions), 0
        for included in role.includes:
            theirs = visit(included, path | {role_id})
            free |= theirs.free
            verified |= theirs.verified
        masks = RoleMasks(0, free | verified) if role.demands_second_factor else RoleMasks(free, verified)
        known[role_id] = masks
        return masks

    for role_id in roles:
        visit(role_id, frozenset())
    return known


def cycle_through(role_id: UUID, includes: Iterable[UUID], roles: Mapping[UUID, Role]) -> list[UUID] | None:
    """The way on which a role that included these would come back to itself; None if it would not."""
    stack = [[included] for included in includes]
    seen: set[UUID] = set()
    while stack:
        way = stack.pop()
        if way[-1] == role_id:
            return way
        if way[-1] in seen or way[-1] not in roles:
            continue
        seen.add(way[-1])
        stack.extend([*way, further] for further in roles[way[-1]].includes)
    return None


#: A place below the team: a project, or one agent, tool or task of it.
Place = UUID | tuple[Level, UUID, str]
_NOTHING = (0, 0)


def names_to(level: Level, name: str) -> tuple[str, ...]:
    """The places below the project on the way to an agent, tool or task: above a tool stands its server."""
    if level is Level.PROJECT:
        return ()
    if level is Level.TOOL and (server := server_of(name)) != name:
        return (server, name)
    return (name,)


def _place_of(level: Level, project_id: UUID, name: str) -> Place:
    return project_id if level is Level.PROJECT else (level, project_id, name)


@dataclass(frozen=True, slots=True)
class Key:
    """What a key may by itself, and beyond which it may nothing in any project."""

    project_id: UUID
    #: Empty: every place of the project.
    agent: str
    mask: int


@dataclass(frozen=True, slots=True)
class Rights:
    """Everything that one subject may in one team, compiled; a question costs about a microsecond."""

    team_id: UUID
    hub: int = 0
    team: tuple[int, int] = _NOTHING
    places: Mapping[Place, tuple[int, int]] = field(default_factory=dict)
    key: Key | None = None

    def may(self, permission: str, scope: Scope) -> bool:
        """Asked on the permission's own level, whatever the scope's: a team's permission is asked of the team.

        The project of the scope must be one of its team; the caller has read it from the team's rows.
        """
        bit = BITS[permission]
        if bit & HUB_MASK:
            return self.hub & bit != 0
        if scope.team_id != self.team_id:
            return False
        if bit & TEAM_MASK or scope.project_id is None:
            return bit & self.in_team() != 0
        return bit & self._in_project(scope.level, scope.project_id, scope.name) != 0

    def mask(self, scope: Scope) -> int:
        """All that may be done there: of its level, and of the levels above which are asked by the same scope."""
        if scope.level is Level.HUB:
            return self.hub
        if scope.team_id != self.team_id:
            return 0
        if scope.project_id is None:
            return self.in_team()
        return self._in_project(scope.level, scope.project_id, scope.name) & PROJECT_MASK

    def in_team(self) -> int:
        allowed, denied = self.team
        return 0 if self.key is not None and self.key.agent else allowed & ~denied

    def _in_project(self, level: Level, project_id: UUID, name: str) -> int:
        allowed, denied = self.team
        if self.key is not None:
            if project_id != self.key.project_id:
                return 0
            if self.key.agent and level is Level.TOOL:
                return self._of_agent_at_tool(project_id, name)
            if self.key.agent and (level is not Level.AGENT or name != self.key.agent):
                return 0
            allowed |= self.key.mask
        more_allowed, more_denied = self.places.get(project_id, _NOTHING)
        allowed |= more_allowed
        denied |= more_denied
        for narrower in names_to(level, name):
            more_allowed, more_denied = self.places.get((level, project_id, narrower), _NOTHING)
            allowed |= more_allowed
            denied |= more_denied
        return allowed & ~denied

    def _of_agent_at_tool(self, project_id: UUID, name: str) -> int:
        """An agent's key may call at a tool what it may as its agent, and what is denied to it there it may not."""
        assert self.key is not None
        held = self._in_project(Level.AGENT, project_id, self.key.agent) & _TOOL_CALLS
        for narrower in names_to(Level.TOOL, name):
            held &= ~self.places.get((Level.TOOL, project_id, narrower), _NOTHING)[1]
        return held

    def may_below(self, permission: str, project_id: UUID) -> bool:
        """Whether it is held in the project, or for one agent, tool or task of it at least."""
        bit = BITS[permission]
        if bit & self._in_project(Level.PROJECT, project_id, ""):
            return True
        below = (place for place in self.places if isinstance(place, tuple) and place[1] == project_id)
        return any(bit & self._in_project(level, project_id, name) for level, _, name in below)

    def is_told_apart(self, level: Level, project_id: UUID) -> bool:
        """Whether anything is granted or denied on this level of the project; else all of it is as the project."""
        return any(isinstance(place, tuple) and place[:2] == (level, project_id) for place in self.places)

    def projects_with(self, permission: str) -> tuple[bool, frozenset[UUID]]:
        """Whether it is held in every project but those named (True), or in those named only (False)."""
        bit = BITS[permission]
        if self.key is not None:
            mine = self.key.project_id
            held = bit & self._in_project(Level.AGENT if self.key.agent else Level.PROJECT, mine, self.key.agent)
            return False, frozenset({mine} if held else ())
        projects = {place: masks for place, masks in self.places.items() if isinstance(place, UUID)}
        if bit & self.team[1]:
            return False, frozenset()
        if bit & self.team[0]:
            return True, frozenset(place for place, (_, denied) in projects.items() if bit & denied)
        return False, frozenset(place for place, (allowed, denied) in projects.items() if bit & allowed & ~denied)


def rights_of(
    team_id: UUID, grants: Iterable[Grant], masks: Mapping[UUID, RoleMasks], *, verified: bool, key: Key | None = None
) -> Rights:
    """Compiles the grants of one subject (its groups' among them). A deny needs no second factor to count."""
    hub = team = _NOTHING
    places: dict[Place, tuple[int, int]] = {}
    if key is not None and not key.agent:
        team = (key.mask & TEAM_MASK, 0)
    for grant in grants:
        given = _given(grant, masks.get(grant.role_id), verified=verified)
        if grant.scope_kind is Level.HUB:
            hub = _joined(hub, given)
        elif grant.project_id is None:
            team = _joined(team, given)
        else:
            place = _place_of(grant.scope_kind, grant.project_id, grant.scope_id)
            places[place] = _joined(places.get(place, _NOTHING), given)
    return Rights(team_id, hub[0] & ~hub[1], team, places, key)


def narrowed(rights: Rights, project_id: UUID, mask: int) -> Rights:
    """Of what a subject may, no more than this, and in this one project."""
    places = {place: (allowed & mask, denied) for place, (allowed, denied) in rights.places.items()}
    return Rights(rights.team_id, 0, (rights.team[0] & mask, rights.team[1]), places, Key(project_id, "", 0))


def _given(grant: Grant, masks: RoleMasks | None, *, verified: bool) -> tuple[int, int]:
    if masks is None:
        return _NOTHING
    meant = meant_at(grant.scope_kind)
    if grant.effect is Effect.DENY:
        return 0, masks.all & meant
    return (masks.all if verified else masks.free) & meant, 0


def _joined(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] | other[0], one[1] | other[1]
