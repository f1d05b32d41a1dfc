"""Who may do what, and whose key is this: what one question costs in a large team.

    .venv/bin/python bench/policy.py [--quick] [--peer casbin] [--json]

A team of 10,000 people and 1,000 roles in a real Postgres, three grants each and a group, a twentieth of the grants
denials. Warm questions are asked through `Policy.may` about random people, permissions and places; a first question
is what a person costs whom this process has not seen since the last change: read from Postgres and compiled. The
key is checked as every request does it. Fails above 50 µs (p99 of a warm question) or 20 µs (a warm key).
"""

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from mno.audit.service import Audit
from mno.identity.keys.model import KeyScope, KeyWish
from mno.identity.keys.service import Keys
from mno.identity.model import Home
from mno.identity.policy.service import Policy
from mno.identity.service import Identity, owner_of
from mno.platform.database import Database
from mno.platform.ids import new_id
from mno.platform.migrate import migrate_postgres, migrations_of
from mno.platform.permissions import PROJECT, TEAM
from mno.platform.postgres_server import PostgresServer
from mno.platform.principal import Principal
from mno.platform.scope import Level, Scope
from mno.platform.versions import Versions
from peers import installed, version

PEOPLE, ROLES, PROJECTS, GROUPS = 10_000, 1_000, 20, 100
MAY_LIMIT_US, KEY_LIMIT_US = 50.0, 20.0
NAMES = sorted(PROJECT | TEAM)
_GRANT_COLUMNS = "id, team_id, subject_kind, subject_id, role_id, effect, scope_kind, project_id, scope_id"
#: What casbin is asked about as well: the same people, roles and permissions, without places and denials.
CASBIN_MODEL = """
[request_definition]
r = sub, act
[policy_definition]
p = sub, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.act == p.act
"""
CASBIN_CHILD = """
import json, sys, time, casbin
told = json.load(sys.stdin)
model = casbin.Model()
model.load_model_from_text(told["model"])
enforcer = casbin.Enforcer(model)
enforcer.add_policies(told["policies"])
enforcer.add_grouping_policies(told["groupings"])
times = []
for person, permission in told["questions"]:
    began = time.perf_counter_ns()
    enforcer.enforce(person, permission)
    times.append((time.perf_counter_ns() - began) / 1000)
json.dump(times, sys.stdout)
"""


class Team:
    """Random people, roles, projects and grants, as rows."""

    def __init__(self, home: Home) -> None:
        dice = random.Random(3)
        self.id = home.team.id
        self.projects = [home.project.id, *(new_id() for _ in range(PROJECTS - 1))]
        self.people = [new_id() for _ in range(PEOPLE)]
        self.groups = [new_id() for _ in range(GROUPS)]
        self.roles: dict[UUID, tuple[list[str], list[UUID]]] = {}
        for _ in range(ROLES):
            includes = dice.sample(sorted(self.roles), min(len(self.roles), dice.randint(0, 2)))
            self.roles[new_id()] = (dice.sample(NAMES, dice.randint(3, 10)), includes)
        named = sorted(self.roles)
        subjects = [("user", person) for person in self.people for _ in range(3)] + [("group", g) for g in self.groups]
        self.grants = [(kind, subject, dice.choice(named), *self._place(dice)) for kind, subject in subjects]
        self.members = [(dice.choice(self.groups), person) for person in self.people]

    def _place(self, dice: random.Random) -> tuple[str, str, UUID | None, str]:
        effect = "deny" if dice.random() < 0.05 else "allow"
        level = dice.choice(["team", "project", "project", "agent"])
        project = None if level == "team" else dice.choice(self.projects)
        return effect, level, project, f"agent {dice.randint(1, 9)}" if level == "agent" else ""

    def write(self, url: str) -> None:
        tables: list[tuple[str, list[tuple[Any, ...]]]] = [
            ("identity_projects (id, team_id, name)", [(p, self.id, str(p)) for p in self.projects[1:]]),
            ("identity_users (id, name, email)", [(p, f"Person {n}", "") for n, p in enumerate(self.people)]),
            ("identity_members (team_id, user_id)", [(self.id, p) for p in self.people]),
            ("identity_groups (id, team_id, name)", [(g, self.id, str(g)) for g in self.groups]),
            ("identity_group_members (team_id, group_id, user_id)", [(self.id, g, p) for g, p in self.members]),
            (
                "identity_roles (id, team_id, name, permissions, includes)",
                [(r, self.id, str(r), names, included) for r, (names, included) in self.roles.items()],
            ),
            (
                f"identity_grants ({_GRANT_COLUMNS})",
                list({grant: (new_id(), self.id, *grant) for grant in self.grants}.values()),
            ),
        ]
        with psycopg.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT set_config('mno.team', '*', false)")
            for table, rows in tables:
                with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ANALYZE")


async def first_questions(policy: Policy, team: Team, people: list[UUID]) -> tuple[list[Principal], list[float]]:
    """Their principals, and what each cost in milliseconds."""
    principals, times = [], []
    for person in people:
        began = time.perf_counter_ns()
        principals.append(await policy.user_principal(team.id, team.projects[0], person, "somebody"))
        times.append((time.perf_counter_ns() - began) / 1e6)
    return principals, times


def warm_questions(policy: Policy, team: Team, principals: list[Principal], count: int) -> list[float]:
    """Microseconds of each."""
    dice = random.Random(5)
    scopes = [Scope.team(team.id), *(Scope.project(team.id, project) for project in team.projects)]
    scopes += [Scope(Level.AGENT, team.id, project, f"agent {n}") for project in team.projects for n in range(1, 10)]
    asked = [(dice.choice(principals), dice.choice(NAMES), dice.choice(scopes)) for _ in range(count)]
    times = []
    for principal, permission, scope in asked:
        began = time.perf_counter_ns()
        policy.may(principal, permission, scope)
        times.append((time.perf_counter_ns() - began) / 1000)
    return times


async def key_checks(keys: Keys, secret: str, rounds: int) -> list[float]:
    """Microseconds of each warm check. A key is read again once a second; these end before that."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter_ns()
        await keys.principal_of_key(secret)
        times.append((time.perf_counter_ns() - began) / 1000)
    return times


def of_casbin(team: Team) -> dict[str, float]:
    """The same people, roles and permissions, asked of casbin's enforcer in a process of its own."""
    python = installed("casbin") / "python"
    dice = random.Random(5)
    told = {
        "model": CASBIN_MODEL,
        "policies": [[str(role), name] for role, (names, _) in team.roles.items() for name in names],
        "groupings": [
            *([str(role), str(one)] for role, (_, included) in team.roles.items() for one in included),
            *(sorted({(str(grant[1]), str(grant[2])) for grant in team.grants})),
            *([str(person), str(group)] for group, person in team.members),
        ],
        "questions": [[str(dice.choice(team.people)), dice.choice(NAMES)] for _ in range(300)],
    }
    answer = subprocess.run(
        [str(python), "-c", CASBIN_CHILD], input=json.dumps(told), capture_output=True, text=True, check=True
    )
    return percentiles(json.loads(answer.stdout))


def percentiles(times: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(times, n=1000)
    return {"p50": round(cuts[499], 2), "p99": round(cuts[989], 2), "p99.9": round(cuts[998], 2)}


async def measured(url: str, *, quick: bool, peer: bool) -> dict[str, Any]:
    database = Database()
    await database.open(url)
    await migrate_postgres(database, migrations_of("postgres"), lambda _: None)
    versions = Versions(database)
    policy = Policy(database, versions)
    keys = Keys(database, policy, Audit(database), versions)
    home = await Identity(database, policy, keys, versions).ensure_home()
    team = Team(home)
    await asyncio.to_thread(team.write, url)
    async with versions.running():
        people = random.Random(1).sample(team.people, 500 if quick else PEOPLE)
        principals, first_ms = await first_questions(policy, team, people)
        may_us = warm_questions(policy, team, principals, 20_000 if quick else 200_000)
        _, secret = await keys.create(owner_of(home, "bench"), KeyWish("bench", (KeyScope.INGEST,)))
        key_us = await key_checks(keys, secret, 20_000 if quick else 200_000)
    await database.close()
    figures = {
        "warm question, µs": percentiles(may_us),
        "first question, ms": percentiles(first_ms),
        "warm key, µs": percentiles(key_us),
    }
    if peer:
        figures[f"casbin {version('casbin')}, µs"] = of_casbin(team)
    return figures


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="fewer questions")
    options.add_argument("--peer", choices=["casbin"], help="ask casbin the same, from PyPI")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = PostgresServer(Path(folder) / "postgres")
        server.start()
        try:
            figures = asyncio.run(measured(server.url, quick=chosen.quick, peer=chosen.peer is not None))
        finally:
            server.stop()
    if chosen.json:
        print(json.dumps(figures))
    else:
        print(f"{PEOPLE:,} people, {ROLES:,} roles, {PEOPLE * 3 + GROUPS:,} grants\n")
        print("| | p50 | p99 | p99.9 |\n| --- | --- | --- | --- |")
        for name, one in figures.items():
            print(f"| {name} | {one['p50']} | {one['p99']} | {one['p99.9']} |")
    missed = figures["warm question, µs"]["p99"] > MAY_LIMIT_US or figures["warm key, µs"]["p50"] > KEY_LIMIT_US
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
