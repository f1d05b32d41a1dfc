"""The compiled rules against a naive reference that knows nothing of masks; and the tables of patterns."""

import random
from collections.abc import Mapping
from uuid import UUID

import pytest

from mno.identity.policy.catalogue import DESCRIPTIONS
from mno.identity.policy.explain import Subject, explained
from mno.identity.policy.model import Effect, Grant, Role, SubjectKind
from mno.identity.policy.rules import (
    HUB_MASK,
    Key,
    cycle_through,
    expanded,
    mask_of,
    masks_of,
    names_of,
    nearest,
    rights_of,
)
from mno.platform.permissions import ALL, HUB, PROJECT, TEAM
from mno.platform.scope import Level, Scope

CASES = 100_000
TEAM_ID, OTHER_TEAM = UUID(int=1), UUID(int=2)
PROJECTS = [UUID(int=n) for n in (11, 12, 13)]
NAMES = ["bot", "bot_write", "other"]
NARROW = [Level.AGENT, Level.TOOL, Level.TASK]
NAMED = sorted(ALL)


# — the reference —


def names_in(patterns: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    for pattern in patterns:
        for name in ALL:
            everything = pattern == "*" and not name.startswith("hub.")
            of_kind = pattern.endswith(".*") and name.split(".")[0] == pattern[:-2]
            if everything or of_kind or name == pattern:
                found.add(name)
    return found


def held_by(role: Role, roles: Mapping[UUID, Role], verified: bool) -> set[str]:
    if role.demands_second_factor and not verified:
        return set()
    found = names_in(role.permissions)
    for included in role.includes:
        found |= held_by(roles[included], roles, verified)
    return found


def reaches(grant: Grant, permission: str, scope: Scope) -> bool:
    if permission in HUB:
        return grant.scope_kind == Level.HUB
    if grant.scope_kind == Level.HUB or scope.team_id != grant.team_id:
        return False
    if grant.scope_kind == Level.TEAM:
        return True
    if permission in TEAM or grant.project_id != scope.project_id:
        return False
    if grant.scope_kind == Level.PROJECT:
        return True
    names = {scope.name, scope.name.split("_")[0]} if scope.level == Level.TOOL else {scope.name}
    return grant.scope_kind == scope.level and grant.scope_id in names


def reference(
    grants: list[Grant], roles: Mapping[UUID, Role], verified: bool, key: Key | None, permission: str, scope: Scope
) -> bool:
    """By the words of the decision page: collect what allows, then what denies."""
    if permission not in HUB and scope.team_id != TEAM_ID:
        return False
    of_project = permission in PROJECT and scope.project_id is not None
    if key is not None and permission not in HUB:
        if of_project and scope.project_id != key.project_id:
            return False
        if key.agent and of_project and scope.level == Level.TOOL and permission == "mcp.call":
            of_agent = Scope(Level.AGENT, scope.team_id, scope.project_id, key.agent)
            denials = [grant for grant in grants if grant.effect == Effect.DENY and reaches(grant, permission, scope)]
            return reference(grants, roles, verified, key, permission, of_agent) and not any(
                permission in held_by(roles[grant.role_id], roles, verified=True) for grant in denials
            )
        if key.agent and not (of_project and scope.level == Level.AGENT and scope.name == key.agent):
            return False
    allowed = denied = False
    if key is not None and permission in names_of(key.mask):
        allowed = of_project or permission in TEAM
    for grant in grants:
        if not reaches(grant, permission, scope):
            continue
        if grant.effect == Effect.DENY:
            denied = denied or permission in held_by(roles[grant.role_id], roles, verified=True)
        else:
            allowed = allowed or permission in held_by(roles[grant.role_id], roles, verified)
    return allowed and not denied


# — random cases —


def some_roles(dice: random.Random) -> dict[UUID, Role]:
    roles: dict[UUID, Role] = {}
    patterns = [*NAMED, "*", "spans.*", "members.*", "hub.*"]
    for number in range(dice.randint(1, 6)):
        role_id = UUID(int=100 + number)
        includes = tuple(dice.sample(sorted(roles), dice.randint(0, min(2, len(roles)))))
        # a share of them, so that more permissions do not make every answer a no
        names = tuple(dice.sample(patterns, dice.randint(0, len(patterns) // 7)))
        roles[role_id] = Role(role_id, TEAM_ID, f"r{number}", "", names, includes, dice.random() < 0.2)
    return roles


def some_scope(dice: random.Random) -> Scope:
    team = OTHER_TEAM if dice.random() < 0.05 else TEAM_ID
    level = dice.choice(list(Level))
    if level in (Level.HUB, Level.TEAM):
        return Scope(level, team)
    return Scope(level, team, dice.choice(PROJECTS), dice.choice(NAMES) if level in NARROW else "")


def some_grants(dice: random.Random, roles: Mapping[UUID, Role]) -> list[Grant]:
    grants = []
    for number in range(dice.randint(0, 6)):
        place = some_scope(dice)
        effect = Effect.DENY if dice.random() < 0.25 else Effect.ALLOW
        kind = dice.choice(list(SubjectKind))
        role = dice.choice(sorted(roles))
        grants.append(
            Grant(UUID(int=1000 + number), TEAM_ID, kind, UUID(int=5), role, effect, place.level, place.project_id,
                  place.name)
        )  # fmt: skip
    return grants


def some_key(dice: random.Random) -> Key | None:
    if dice.random() < 0.7:
        return None
    names = dice.sample(sorted(PROJECT | TEAM), dice.randint(0, 8))
    return Key(dice.choice(PROJECTS), dice.choice(["", "bot"]), mask_of(names))


def test_a_hundred_thousand_random_cases_agree_with_the_reference() -> None:
    dice = random.Random(20261121)
    seen = {True: 0, False: 0}
    cases = 0
    while cases < CASES:
        roles = some_roles(dice)
        grants, key, verified = some_grants(dice, roles), some_key(dice), dice.random() < 0.5
        if key is not None:
            verified = False
        rights = rights_of(TEAM_ID, grants, masks_of(roles), verified=verified, key=key)
        for _ in range(40):
            permission, scope = dice.choice(NAMED), some_scope(dice)
            expected = reference(grants, roles, verified, key, permission, scope)
            assert rights.may(permission, scope) is expected, (permission, scope, grants, roles, key)
            seen[expected] += 1
            cases += 1
    assert min(seen.values()) > CASES / 25  # both answers are tested


def test_the_mask_of_a_place_and_the_list_of_projects_agree_with_single_questions() -> None:
    dice = random.Random(7)
    for _ in range(400):
        roles = some_roles(dice)
        grants, key = some_grants(dice, roles), some_key(dice)
        rights = rights_of(TEAM_ID, grants, masks_of(roles), verified=True, key=key)
        for project in PROJECTS:
            scope = Scope.project(TEAM_ID, project)
            assert names_of(rights.mask(scope)) == {name for name in PROJECT if rights.may(name, scope)}
        team = Scope.team(TEAM_ID)
        assert names_of(rights.mask(team)) == {name for name in PROJECT | TEAM if rights.may(name, team)}
        if key is not None and key.agent:
            continue
        for permission in PROJECT:
            all_but, named = rights.projects_with(permission)
            visible = {project for project in PROJECTS if (project in named) is not all_but}
            assert visible == {p for p in PROJECTS if rights.may(permission, Scope.project(TEAM_ID, p))}


def test_an_explanation_decides_as_the_rules_do_and_names_what_decided() -> None:
    dice = random.Random(11)
    for _ in range(2_000):
        roles = some_roles(dice)
        grants, key, verified = tuple(some_grants(dice, roles)), some_key(dice), dice.random() < 0.5
        permission, scope = dice.choice(NAMED), some_scope(dice)
        subject = Subject("x", grants, {}, verified, key)
        answer = explained(TEAM_ID, subject, roles, permission, scope)
        assert answer.allowed is reference(list(grants), roles, verified, key, permission, scope)
        if answer.allowed:
            assert not answer.denies
            counting = [reason for reason in answer.allows if not reason.needs_factor]
            assert counting or (key is not None and permission in names_of(key.mask))


# — tables —


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (("*",), TEAM | PROJECT),
        (("hub.*",), HUB),
        (("hub.*", "*"), ALL),
        (("spans.*",), {"spans.read", "spans.write"}),
        (("spans.read", "spans.read"), {"spans.read"}),
        (("gone.read", "gone.*"), set()),
        ((), set()),
    ],
)
def test_patterns_stand_for_names_and_a_star_never_for_the_hub(patterns: tuple[str, ...], names: set[str]) -> None:
    assert names_of(expanded(patterns)) == names
    assert bool(expanded(patterns) & HUB_MASK) is bool(names & HUB)


@pytest.mark.parametrize(("typed", "meant"), [("spans.raed", "spans.read"), ("member.write", "members.write")])
def test_a_mistyped_permission_leads_to_the_nearest(typed: str, meant: str) -> None:
    assert nearest(typed) == meant


def test_a_cycle_of_roles_is_found_however_long() -> None:
    roles = {
        UUID(int=n): Role(UUID(int=n), TEAM_ID, f"r{n}", "", ("spans.read",), (UUID(int=n + 1),)) for n in range(1, 9)
    }
    assert cycle_through(UUID(int=9), [UUID(int=1)], roles) is not None
    assert cycle_through(UUID(int=9), [UUID(int=9)], roles) == [UUID(int=9)]
    assert cycle_through(UUID(int=10), [UUID(int=1)], roles) is None


def test_a_cycle_that_is_stored_all_the_same_ends() -> None:
    one, two = UUID(int=1), UUID(int=2)
    roles = {
        one: Role(one, TEAM_ID, "one", "", ("spans.read",), (two,)),
        two: Role(two, TEAM_ID, "two", "", ("spans.write",), (one,)),
    }
    assert names_of(masks_of(roles)[one].all) == {"spans.read", "spans.write"}


def test_every_permission_is_described() -> None:
    assert set(DESCRIPTIONS) == ALL


def test_what_is_held_below_a_project_is_found_without_naming_it() -> None:
    dice = random.Random(11)
    places = [(level, name) for level in NARROW for name in NAMES]
    for _ in range(300):
        roles = some_roles(dice)
        rights = rights_of(TEAM_ID, some_grants(dice, roles), masks_of(roles), verified=True)
        for project in PROJECTS:
            whole = rights.may("mcp.call", Scope.project(TEAM_ID, project))
            below = {at: rights.may("mcp.call", Scope(at[0], TEAM_ID, project, at[1])) for at in places}
            assert rights.may_below("mcp.call", project) is (whole or any(below.values()))
            if not rights.is_told_apart(Level.TOOL, project):
                assert {below[at] for at in places if at[0] is Level.TOOL} == {whole}
