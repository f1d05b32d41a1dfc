"""An HTTP API as a server of tools: added with its document, called through the gateway over real sockets."""

from typing import Any

import orjson

from integration.mcp_gateway.conftest import Team
from support.upstream import Got, Upstream, Wire

DOCUMENT = """
openapi: 3.1.0
servers: [{url: /v1}]
paths:
  /pets/{id}:
    get:
      operationId: getPet
      summary: One pet
      parameters:
        - {name: id, in: path, required: true, schema: {type: integer}}
        - {name: x-token, in: header, schema: {type: string}}
  /pets:
    post:
      operationId: addPet
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Pet'}
    put:
      requestBody: {required: true, content: {image/png: {}}}
components:
  schemas:
    Pet: {type: object, required: [name], properties: {name: {type: string}}}
"""


async def api(got: Got, wire: Wire) -> None:
    match got.method, got.target:
        case "GET", "/spec.yaml":
            await wire.raw(DOCUMENT.encode(), content_type="application/yaml")
        case "GET", "/v1/pets/7":
            await wire.json({"id": 7, "name": "Rex"})
        case "POST", "/v1/pets":
            await wire.json({"added": got.json["name"]}, 201)
        case _:
            await wire.json({"title": "There is no such pet"}, 404, content_type="application/problem+json")


async def added(team: Team, upstream: Upstream, **wish: Any) -> dict[str, Any]:
    upstream.answer = api
    return await team.add("pets", "", transport="openapi", document_address=f"{upstream.url}/spec.yaml", **wish)


async def test_operations_are_tools_and_calls_are_requests(team: Team, upstream: Upstream) -> None:
    made = await added(team, upstream, credential_kind="header", header="X-Token", credential="kept-secret")
    assert (made["address"], made["transport"]) == (f"{upstream.url}/v1", "openapi")
    assert await team.tools() == ["pets_getPet", "pets_addPet"]
    found = (await team.tool("pets_getPet", id=7, **{"x-token": "the caller's own"}))["result"]
    assert (found["structuredContent"], found["isError"]) == ({"id": 7, "name": "Rex"}, False)
    posted = (await team.tool("addPet", "/mcp/pets", body={"name": "Bella"}))["result"]
    assert posted["structuredContent"] == {"added": "Bella"}
    calls = [got for got in upstream.got if got.target.startswith("/v1")]
    assert [got.headers["x-token"] for got in calls] == ["kept-secret", "kept-secret"]
    assert all(got.headers["traceparent"] for got in calls)
    assert not any(team.key in str(got.headers) for got in upstream.got)
    assert sum(got.target == "/spec.yaml" for got in upstream.got) == 1


async def test_what_the_api_refuses_and_what_does_not_fit_are_told_to_the_model(team: Team, upstream: Upstream) -> None:
    await added(team, upstream)
    missing = (await team.tool("pets_getPet", id=8))["result"]
    assert (missing["isError"], "There is no such pet" in missing["content"][0]["text"]) == (True, True)
    before = len(upstream.got)
    wrong = (await team.tool("pets_addPet", body={"name": 5}))["result"]
    assert (wrong["isError"], "/body/name" in wrong["content"][0]["text"]) == (True, True)
    assert len(upstream.got) == before
    assert (await team.tool("pets_nothing"))["error"]["code"] == -32602


async def test_what_cannot_be_a_tool_is_named(team: Team, upstream: Upstream) -> None:
    made = await added(team, upstream)
    found = (await team.admin.get(f"/api/mcp/registry/{made['id']}/operations")).json()
    assert {one["tool"] for one in found["items"]} == {"getPet", "addPet"}
    assert [one.partition(":")[0] for one in found["left"]] == ["PUT /pets"]


async def test_a_document_of_which_nothing_can_be_called_is_refused(team: Team, upstream: Upstream) -> None:
    upstream.answer = api
    empty = orjson.dumps({"openapi": "3.1.0", "paths": {}}).decode()
    wishes = [
        ({"document": empty, "address": upstream.url}, "no operation"),
        ({"document": "nonsense", "address": upstream.url}, "no object"),
        ({"document_address": f"{upstream.url}/nowhere"}, "HTTP 404"),
        ({"address": upstream.url}, "Send the OpenAPI document"),
    ]
    for wish, why in wishes:
        answer = await team.admin.post("/api/mcp/registry", json={"name": "pets", "transport": "openapi", **wish})
        assert (answer.status_code, why in answer.json()["detail"]) == (400, True), answer.text


async def test_a_document_in_a_private_network_is_not_fetched(team: Team) -> None:
    wish = {"name": "pets", "transport": "openapi", "document_address": "http://169.254.169.254/spec"}
    answer = await team.admin.post("/api/mcp/registry", json=wish)
    assert (answer.status_code, "not a public address" in answer.json()["detail"]) == (400, True)


async def test_another_document_takes_the_place_of_the_first_once_its_tools_are_accepted(
    team: Team, upstream: Upstream
) -> None:
    made = await added(team, upstream)
    await team.tools()
    changed = DOCUMENT.replace("One pet", "One pet, with its age")
    answer = await team.admin.patch(f"/api/mcp/registry/{made['id']}", json={"document": changed})
    assert answer.json()["document_digest"] != made["document_digest"]
    assert await team.tools() == ["pets_addPet"]
    listed = (await team.admin.get(f"/api/mcp/registry/{made['id']}/tools")).json()["items"]
    (held,) = [one for one in listed if one["state"] == "changed"]
    path = f"/api/mcp/registry/{made['id']}/tools/getPet/accept"
    assert (await team.admin.post(path, json={"digest": held["digest"]})).status_code == 200
    assert set(await team.tools()) == {"pets_addPet", "pets_getPet"}
