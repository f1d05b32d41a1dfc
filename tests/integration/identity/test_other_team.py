"""The owner of another team walks all routes with the ids of the first team in their hands, and learns nothing."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from integration.identity.oauth.conftest import registered
from mno.approvals.model import Proposal
from mno.bootstrap import Services
from mno.identity import store
from mno.identity.model import OWNER_ROLE, Home, Project, Team, User
from mno.identity.service import owner_of
from mno.identity.sign_in.model import Factor
from mno.observability.alerts import store as alerts_store
from mno.observability.alerts.model import Place
from mno.observability.anomalies import model as anomalies
from mno.observability.anomalies import store as anomalies_store
from mno.platform import clock
from mno.platform.http.gate import SESSION_COOKIE
from mno.platform.ids import new_id, parsed, shown
from mno.platform.scope import Scope
from support.alerts import a_rule, an_alert
from support.consent import Browser
from support.routes import Entrance, entrances

#: In the name of everything that the first team has.
CANARY = "canary-of-the-first-team"
SECRET = "mno_" + "stranger0" * 4
#: Path parameters that name nothing of a team: what SCIM says about itself.
SAME_FOR_ALL = {"name", "urn", "rest", "tool"}
VIEWER = "role_00000000000070008000000000000004"


#: Places whose parameter has the name of another thing, and that of the thing itself.
APART = {"/api/config/runtime/": "secret_id", "/api/mcp/policies/": "tool_rule_id"}


@dataclass(frozen=True)
class Things:
    """One of everything that the first team has, by the name of its path parameter."""

    ids: dict[str, str]

    def of(self, parameter: str) -> str:
        assert parameter in self.ids, f"give the first team one of {{{parameter}}} in this test"
        return self.ids[parameter]

    def path(self, entrance: Entrance) -> str:
        def filled(match: re.Match[str]) -> str:
            if match[1] in SAME_FOR_ALL:
                return "x"
            # one name for different things: entries of the audit log and of the runtime environment, rules
            apart = (name for place, name in APART.items() if entrance.path.startswith(place))
            return self.of(next(apart, match[1]))

        return re.sub(r"{(\w+)(?::path)?}", filled, entrance.path)


@pytest.fixture
async def first(app: FastAPI, client: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """The first team's Owner, signed in."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"sec-fetch-site": "same-origin"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8420", headers=headers) as caller:
        link = httpx.URL((await client.post("/api/auth/link")).json()["url"])
        assert (await caller.get(f"{link.path}?{link.query.decode()}")).status_code == 303
        yield caller


@pytest.fixture
async def things(first: httpx.AsyncClient, services: Services, home: Home) -> Things:
    project = shown("prj", home.project.id)

    async def made(path: str, wish: dict[str, Any], field: str = "id") -> str:
        answer = await first.post(path, json=wish)
        assert answer.status_code < 300, (path, answer.text)
        return str(answer.json()[field])

    member = User(new_id(), home.team.id, CANARY, f"{CANARY}@example.com")
    async with services.engines.database.across_teams() as tx:
        await store.insert_user(tx, member)
    user = shown("usr", member.id)
    group = await made("/api/groups", {"name": CANARY})
    await first.post(f"/api/groups/{group}/members", json={"user_id": user})
    trace, span = "ab" * 16, "cd" * 8
    event = {"provider": "openai", "model": CANARY, "input_tokens": 5, "trace_id": trace, "span_id": span}
    assert (await first.post("/api/usage-events", json=[event])).status_code < 300
    assert (await first.post("/api/logs", json=[{"body": CANARY, "topic": CANARY}])).status_code < 300
    price = {"model": CANARY, "prices": {"input": "1", "output": "2"}}
    proposal = Proposal("test.change", CANARY, {"what": CANARY}, Scope.project(home.team.id, home.project.id))
    async with services.engines.database.transaction(home.team.id) as tx:
        approval = await services.approvals.ask(tx, owner_of(home, CANARY), proposal)
    ids = {
        "team_id": shown("team", home.team.id),
        "project_id": await made("/api/projects", {"name": CANARY}),
        "user_id": user,
        "group_id": group,
        "role_id": await made("/api/rbac/roles", {"name": CANARY, "permissions": ["spans.read"]}),
        "grant_id": await made("/api/grants", {"subject": user, "role": VIEWER, "scope": {"level": "team"}}),
        "key_id": await made("/api/keys", {"name": CANARY, "scopes": ["read"]}),
        "invitation_id": await made("/api/invitations", {"email": f"{CANARY}-2@example.com", "role_id": VIEWER}),
        "price_id": await made("/api/prices", price),
        "budget_id": await made("/api/budgets", {"name": CANARY, "limit": "5"}),
        "job_id": await made("/api/prices/rerate", {"from": "-1h"}),
        "approval_id": shown("apr", approval.id),
        "trace_id": trace,
        "span_id": span,
        "line_id": (await first.get("/api/logs")).json()["items"][0]["id"],
        "entry_id": (await first.get("/api/audit/logs")).json()["items"][0]["id"],
        # of the hub, whatever the team
        "fact_id": str(new_id()),
        "task_id": "1",
        "project": project,
        "session_id": (await first.get("/api/auth/sessions")).json()["items"][0]["id"],
        # of people and of the hub; none is needed for a refusal
        "passkey_id": shown("pky", new_id()),
        "provider_id": shown("idp", new_id()),
        "provider": "github",
    }
    upstream = {"name": CANARY, "kind": "openai", "credential": CANARY}
    ids["upstream_id"] = await made("/api/gateway/providers", upstream)
    meaning = {"targets": [{"provider": CANARY, "model": CANARY}]}
    answer = await first.put(f"/api/gateway/models/{CANARY}", json=meaning)
    assert answer.status_code < 300, answer.text
    ids["alias_id"] = answer.json()["id"]
    stream = {"name": CANARY, "kind": "webhook", "target": "https://example.com/hook"}
    ids["stream_id"] = await made("/api/audit/streams", stream)
    ids["channel_id"] = await made("/api/channels", {"name": CANARY, "kind": "email", "receivers": ["a@example.com"]})
    ids["anomaly_id"] = await an_anomaly(services, home)
    rule = {"name": CANARY, "measure": "errors", "threshold": "5"}
    ids["rule_id"] = await made("/api/alerts/rules", rule)
    ids["alert_id"] = await an_alert_of(services, home, ids["rule_id"])
    now = clock.now()
    silence = {"from": now.isoformat(), "to": (now + timedelta(hours=1)).isoformat(), "reason": CANARY}
    ids["silence_id"] = await made("/api/alerts/silences", silence)
    tools = {"name": CANARY, "address": "https://example.com/mcp", "credential_kind": "bearer", "credential": CANARY}
    ids["server_id"] = await made("/api/mcp/registry", tools)
    ids["tool_rule_id"] = await made("/api/mcp/policies", {"name": CANARY, "calls_per_minute": 1})
    await made("/api/mcp/policies", {"name": "ask", "server": "logs", "tool": "publish", "approval": {}})
    waiting = {"server": "logs", "tool": "logs.publish", "args": {"lines": [{"topic": CANARY, "body": CANARY}]}}
    ids["call_id"] = await made("/api/mcp/call", {**waiting, "caps": {"timeout_s": 0.05}})
    ids["oauth_grant_id"] = await a_connected_client(first)
    secret = {"scope": {"level": "team"}, "name": "CANARY", "kind": "secret", "purpose": CANARY, "value": CANARY}
    answer = await first.put("/api/config/runtime", json=secret)
    assert answer.status_code < 300, answer.text
    ids["secret_id"] = (await first.get("/api/config/runtime")).json()["items"][0]["id"]
    return Things(ids)


async def a_connected_client(first: httpx.AsyncClient) -> str:
    """One that acts for the first team's Owner."""
    program = await registered(first, client_name=CANARY)
    await program.connect(Browser(first))
    return str((await first.get("/api/oauth/grants")).json()["items"][0]["id"])


async def an_anomaly(services: Services, home: Home) -> str:
    """One that detection found in what the first team's canary cost."""
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    scope = anomalies.Scope("model", CANARY)
    found = anomalies.Anomaly(
        new_id(), home.team.id, home.project.id, scope, anomalies.Measure.COST, anomalies.AnomalyKind.SPIKE,
        hour - timedelta(hours=2), hour, 9.0, 1.0, 3.0, detected_at=hour,
    )  # fmt: skip
    async with services.engines.database.transaction(home.team.id) as tx:
        assert await anomalies_store.insert(tx, found)
    return shown("anm", found.id)


async def an_alert_of(services: Services, home: Home, rule_id: str) -> str:
    """One that the first team's rule has fired."""
    rule = a_rule(Place(home.team.id, home.project.id), name=CANARY)
    alert = an_alert(replace(rule, id=parsed("alr", rule_id)), id=new_id())
    async with services.engines.database.transaction(home.team.id) as tx:
        await alerts_store.insert(tx, alert)
    return shown("alt", alert.id)


@pytest.fixture(params=["key", "session"])
async def stranger(
    services: Services, anonymous: httpx.AsyncClient, request: pytest.FixtureRequest
) -> httpx.AsyncClient:
    """A key, or a person with a second factor, that may everything in a team of its own, and nothing on the hub."""
    team = Team(new_id(), "Strangers")
    project = Project(new_id(), team.id, "Theirs", clock.now())
    async with services.engines.database.across_teams() as tx:
        await store.insert_team(tx, team)
        await store.insert_project(tx, project)
        await services.access.keys.ensure(tx, team.id, project.id, "stranger", SECRET)
        await tx.execute("DELETE FROM identity_grants WHERE team_id = %(id)s AND scope_kind = 'hub'", {"id": team.id})
        person = User(new_id(), team.id, "Stranger", "stranger@example.com")
        await store.insert_user(tx, person)
        await store.insert_grant(tx, team.id, person.id, OWNER_ROLE, "team")
        factors = (Factor.PASSWORD, Factor.TOTP)
        opened = await services.entrances.sign_in.open_session(tx, person.id, team.id, factors)
    if request.param == "key":
        anonymous.headers["authorization"] = f"Bearer {SECRET}"
    else:
        anonymous.headers["sec-fetch-site"] = "same-origin"
        anonymous.cookies.set(SESSION_COOKIE, opened.token, domain="localhost.local")
    return anonymous


class Bodies:
    """The smallest body that a route takes, by its description, with the first team's ids wherever one fits."""

    def __init__(self, app: FastAPI, things: Things) -> None:
        self._described = app.openapi()
        self._things = things

    def of(self, entrance: Entrance) -> Any:
        path = re.sub(r":path}", "}", entrance.path)
        operation = self._described["paths"].get(path, {}).get(entrance.method.lower(), {})
        content = operation.get("requestBody", {}).get("content", {})
        schema = next((one["schema"] for one in content.values() if "schema" in one), None)
        return None if schema is None else self._value("", schema)

    def _value(self, name: str, schema: dict[str, Any]) -> Any:
        if "$ref" in schema:
            return self._value(name, self._described["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
        for choice in ("anyOf", "oneOf", "allOf"):
            if choice in schema:
                return self._value(name, schema[choice][0])
        if "enum" in schema or "const" in schema:
            return schema["const"] if "const" in schema else schema["enum"][-1]
        if schema.get("format") == "date-time":
            return (clock.now() + timedelta(hours=len(name))).isoformat()
        match schema.get("type"):
            case "object":
                wanted = schema.get("required", [])
                return {
                    key: self._value(key, one) for key, one in schema.get("properties", {}).items() if key in wanted
                }
            case "array":
                return [self._value(name, schema["items"])] if schema.get("minItems") else []
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return False
        return self._text(name)

    def _text(self, name: str) -> str:
        known = {
            "subject": "user_id",
            "person": "user_id",
            "role": "role_id",
            "to": "trace_id",
            "target": "",
            "project": "project_id",
        }
        key = known.get(name, name)
        return self._things.ids.get(key, {"level": "team", "from": "-1h", "digest": "0" * 64}.get(name, "theirs"))


async def seen_by_the_first_team(first: httpx.AsyncClient) -> dict[str, Any]:
    """What the first team has; a stranger's walk must not change it."""
    lists = (
        "rbac/roles",
        "grants",
        "keys",
        "projects",
        "members",
        "groups",
        "invitations",
        "prices",
        "budgets",
        "approvals",
        "audit/streams",
        "channels",
        "anomalies",
        "alerts",
        "alerts/rules",
        "alerts/silences",
        "config/runtime",
        "gateway/providers",
        "gateway/models",
        "oauth/grants",
    )
    found = {}
    for path in lists:
        answer = await first.get(f"/api/{path}")
        assert answer.status_code == 200, path
        found[path] = sorted(json.dumps(_steady(item), sort_keys=True) for item in _items(answer.json()))
    return found


def _items(body: Any) -> list[Any]:
    return body["items"] if isinstance(body.get("items"), list) else [body]


def _steady(item: dict[str, Any]) -> dict[str, Any]:
    """What does not move by itself."""
    kept = ("id", "name", "permissions", "effective", "scopes", "revoked_at", "archived_at", "version", "custom")
    return {key: item[key] for key in kept if key in item}


def says_nothing(answer: httpx.Response) -> bool:
    """An empty page of a thing that the asker does not have."""
    return answer.status_code == 200 and answer.request.method == "GET" and not any(answer.json().values())


async def test_the_first_team_has_something_behind_its_ids(first: httpx.AsyncClient, things: Things) -> None:
    for path in ("rbac/roles", "keys", "projects", "groups", "prices", "anomalies"):
        assert CANARY in (await first.get(f"/api/{path}")).text, path
    for path in (f"prices/rerate/{things.of('job_id')}", f"approvals/{things.of('approval_id')}"):
        assert (await first.get(f"/api/{path}")).status_code == 200, path


async def test_another_team_s_owner_learns_and_changes_nothing(
    app: FastAPI, first: httpx.AsyncClient, stranger: httpx.AsyncClient, things: Things
) -> None:
    before = await seen_by_the_first_team(first)
    bodies = Bodies(app, things)
    let_in, told, unproved = [], [], []
    for entrance in entrances(app):
        if entrance.path.endswith(("/stream", "/live", "/agent/events")):
            continue  # an answer without an end; its filter is the trace list's
        if entrance.path.startswith("/.well-known/"):
            continue  # says the same of every name
        if entrance.name == "DELETE /api/auth/session":
            continue  # the walk would end with it
        path = things.path(entrance)
        answer = await stranger.request(entrance.method, path, json=bodies.of(entrance))
        if CANARY in answer.text:
            told.append(entrance.name)
        names_a_thing = set(re.findall(r"{(\w+)", entrance.path)) - SAME_FOR_ALL
        if not names_a_thing:
            continue
        if answer.status_code in (400, 422, 413, 415):
            unproved.append((entrance.name, answer.text[:200]))
        elif answer.status_code not in (401, 403, 404) and not says_nothing(answer):
            let_in.append((entrance.name, answer.status_code, answer.text[:200]))
    assert not told
    assert not let_in
    assert not unproved
    assert (await stranger.get("/api/rbac/roles")).status_code == 200, "the walk was cut short"
    assert await seen_by_the_first_team(first) == before


async def test_ids_of_another_team_in_a_body_or_query_lead_nowhere(stranger: httpx.AsyncClient, things: Things) -> None:
    user, role, project = things.of("user_id"), things.of("role_id"), things.of("project_id")
    team_scope, project_scope = {"level": "team"}, {"level": "project", "project": project}
    tries: list[tuple[str, dict[str, Any]]] = [
        ("/api/grants", {"subject": user, "role": VIEWER, "scope": team_scope}),
        ("/api/grants", {"subject": things.of("group_id"), "role": VIEWER, "scope": team_scope}),
        ("/api/grants", {"subject": things.of("key_id"), "role": VIEWER, "scope": team_scope}),
        ("/api/keys", {"name": "x", "scopes": ["read"], "project": project}),
        ("/api/rbac/roles", {"name": "x", "includes": [role]}),
    ]
    mine = (await stranger.get("/api/keys")).json()["items"][0]["id"]
    tries += [
        ("/api/grants", {"subject": mine, "role": role, "scope": team_scope}),
        ("/api/grants", {"subject": mine, "role": VIEWER, "scope": project_scope}),
    ]
    for path, wish in tries:
        assert (await stranger.post(path, json=wish)).status_code == 404, wish
    question = {"principal": user, "permission": "spans.read"}
    assert (await stranger.get("/api/rbac/explain", params=question)).status_code == 404
    assert (await stranger.get("/api/grants", params={"subject": user})).json()["items"] == []


def test_ids_are_of_this_test(things: Things, home: Home) -> None:
    assert UUID(hex=things.of("team_id").removeprefix("team_")) == home.team.id
