"""The SCIM endpoints as one piece: people, groups, and what the discovery endpoints answer."""

from functools import cached_property
from typing import Any, TypeVar

from scim2_models import Meta, NotFoundException, Resource, ResourceType, Schema, ScimProvider, ServiceProviderConfig

from mno.audit.service import Audit
from mno.identity.scim.groups.service import DirectoryGroups
from mno.identity.scim.resources import provider
from mno.identity.scim.users.service import DirectoryUsers
from mno.identity.teams.groups.service import Groups
from mno.identity.teams.members.service import Members
from mno.identity.teams.ports import Rights
from mno.platform.database import Database

ResourceT = TypeVar("ResourceT", bound=Resource[Any])


class Directory:
    """Built when a directory first asks: the library behind it takes half a second and 17 MB to load."""

    def __init__(self, database: Database, members: Members, groups: Groups, rights: Rights, audit: Audit) -> None:
        self.users = DirectoryUsers(database, members, audit)
        self.groups = DirectoryGroups(database, groups, rights, audit)

    @cached_property
    def provider(self) -> ScimProvider:
        return provider()

    def config(self, base: str) -> ServiceProviderConfig:
        assert self.provider.config is not None
        config = self.provider.config.model_copy(deep=True)
        config.meta = Meta(resource_type="ServiceProviderConfig", location=f"{base}/ServiceProviderConfig")
        return config

    def resource_types(self, base: str) -> list[ResourceType]:
        return [_at(one, "ResourceType", f"{base}/ResourceTypes/{one.id}") for one in self.provider.resource_types]

    def schemas(self, base: str) -> list[Schema]:
        return [_at(one, "Schema", f"{base}/Schemas/{one.id}") for one in self.provider.schemas]


def _at(resource: ResourceT, type_name: str, location: str) -> ResourceT:
    copied = resource.model_copy(deep=True)
    copied.meta = Meta(resource_type=type_name, location=location)
    return copied


def named(resources: list[ResourceT], id_: str) -> ResourceT:
    """`NotFoundException` when none is called so."""
    for resource in resources:
        if (resource.id or "").lower() == id_.lower():
            return resource
    raise NotFoundException(detail=f"There is no '{id_[:100]}'.")
