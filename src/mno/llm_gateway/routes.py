"""Setting the gateway up over HTTP. The calls themselves do not come this way: see entrance.py."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from mno.llm_gateway.calls import Calls
from mno.llm_gateway.model import MAX_MODEL_CHARACTERS
from mno.llm_gateway.schemas import (
    AliasList,
    AliasShape,
    AliasWishShape,
    GatewayHealth,
    GatewayProviderList,
    GatewayProviderShape,
    PolicyList,
    PolicyShape,
    PolicyWishShape,
    ProviderWishShape,
    TargetHealth,
)
from mno.llm_gateway.service import Gateway
from mno.platform.http.gate import requires
from mno.platform.ids import parsed
from mno.platform.principal import Principal

Reader = Annotated[Principal, Depends(requires("gateway.read"))]
Writer = Annotated[Principal, Depends(requires("gateway.write"))]
Name = Annotated[str, Path(min_length=1, max_length=MAX_MODEL_CHARACTERS)]


def router(gateway: Gateway, calls: Calls) -> APIRouter:
    routes = APIRouter(prefix="/api/gateway", tags=["gateway"])

    @routes.get("/providers")
    async def list_providers(reader: Reader) -> GatewayProviderList:
        """The team's model providers, without their credentials."""
        return GatewayProviderList(items=[GatewayProviderShape.of(one) for one in await gateway.providers(reader)])

    @routes.post("/providers", status_code=201)
    async def add_provider(writer: Writer, wish: ProviderWishShape) -> GatewayProviderShape:
        """Sets up a model provider; its credential is kept encrypted and never shown again."""
        return GatewayProviderShape.of(await gateway.add_provider(writer, wish.wish()))

    @routes.put("/providers/{upstream_id}")
    async def change_provider(writer: Writer, upstream_id: str, wish: ProviderWishShape) -> GatewayProviderShape:
        """Changes everything of a provider but its kind; another address needs the credential again."""
        return GatewayProviderShape.of(await gateway.change_provider(writer, parsed("gwp", upstream_id), wish.wish()))

    @routes.delete("/providers/{upstream_id}", status_code=204)
    async def remove_provider(writer: Writer, upstream_id: str) -> None:
        """Removes a provider and its credential."""
        await gateway.remove_provider(writer, parsed("gwp", upstream_id))

    @routes.get("/models")
    async def list_aliases(reader: Reader) -> AliasList:
        """The names that clients may ask for, and the models behind them."""
        return AliasList(items=[AliasShape.of(one) for one in await gateway.aliases(reader)])

    @routes.put("/models/{name}")
    async def put_alias(writer: Writer, name: Name, wish: AliasWishShape) -> AliasShape:
        """Lets a name stand for models: weighted shares, failover in order, sticky if wanted."""
        return AliasShape.of(await gateway.put_alias(writer, name, wish.chosen(), wish.sticky))

    @routes.delete("/models/{alias_id}", status_code=204)
    async def remove_alias(writer: Writer, alias_id: str) -> None:
        """Takes a name away."""
        await gateway.remove_alias(writer, parsed("gwa", alias_id))

    @routes.get("/keys")
    async def list_policies(reader: Reader) -> PolicyList:
        """What API keys may ask of the gateway; keys that are not named have no limits of their own."""
        return PolicyList(items=[PolicyShape.of(one) for one in await gateway.policies(reader)])

    @routes.put("/keys/{key_id}")
    async def put_policy(writer: Writer, key_id: str, wish: PolicyWishShape) -> PolicyShape:
        """Limits a key: its providers and models, requests and tokens a minute, calls at a time, output of a call."""
        return PolicyShape.of(await gateway.put_policy(writer, wish.policy(key_id)))

    @routes.delete("/keys/{key_id}", status_code=204)
    async def remove_policy(writer: Writer, key_id: str) -> None:
        """Takes a key's limits away."""
        await gateway.remove_policy(writer, parsed("key", key_id))

    @routes.get("/health")
    async def gateway_health(reader: Reader) -> GatewayHealth:
        """Which of the team's targets fail, as the answering process has seen it."""
        names = {one.id.hex: one.name for one in await gateway.providers(reader)}
        failing = [
            TargetHealth(provider=names[provider], model=model, state=state)
            for (provider, model), state in calls.breakers.states().items()
            if provider in names
        ]
        return GatewayHealth(failing=failing)

    return routes
