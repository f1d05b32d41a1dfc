"""What we publish of a person and a group, in the terms of RFC 7643: the attributes that we keep, and no others.

A directory may send more (Entra ID sends its whole enterprise user); what we do not keep is ignored, as is usual, and
not answered. `TOLERANT` names the places where real directories leave the standard and mean well.
"""

from typing import Annotated, Any, ClassVar

from pydantic import Field
from scim2_models import (
    URN,
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    ETag,
    Filter,
    GroupMembership,
    Mutability,
    Name,
    Patch,
    Reference,
    Required,
    Resource,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)

#: Resources of one answer.
MAX_DIRECTORY_PAGE = 200
#: Resources that are looked through for a filter which SQL cannot answer.
MAX_FILTERED_RESOURCES = 2_000
#: Operations of one PATCH request.
MAX_PATCH_OPERATIONS = 1_000
#: E-mail addresses of one person.
MAX_DIRECTORY_EMAILS = 20
#: Any text of a resource.
MAX_DIRECTORY_TEXT = 500

TOLERANT = ScimPolicy(
    # attributes that we do not keep are no reason to refuse a person
    unknown=ScimPolicy.Unknown.ignore,
    # Entra ID: {"op": "Remove", "path": "members", "value": [{"value": "…"}]}
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    # Entra ID: {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "…"} where there is none
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


class Address(ComplexAttribute):
    """One e-mail address."""

    value: str | None = None
    """The address."""

    display: str | None = None
    """How the address is shown."""

    type: str | None = None
    """Such as work or home."""

    primary: bool | None = None
    """The one that is used."""


class User(Resource[Any]):
    """A member of the team."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    """How the directory calls this person; unique in the team."""

    name: Name | None = None
    """The parts of the person's name."""

    Name: ClassVar[type[ComplexAttribute]] = Name

    display_name: str | None = None
    """How the person is shown."""

    title: str | None = None
    """The person's job title."""

    user_type: str | None = None
    """How the directory classifies the person."""

    preferred_language: str | None = None
    """In which language we speak to the person: en, zh-Hant or zh-Hans."""

    active: bool | None = None
    """False ends sessions and keys in this team at once."""

    emails: list[Address] | None = None
    """Addresses; the primary one is the account's."""

    Emails: ClassVar[type[ComplexAttribute]] = Address

    groups: Annotated[list[GroupMembership] | None, Mutability.read_only] = None
    """The groups that this person is in."""

    Groups: ClassVar[type[ComplexAttribute]] = GroupMembership


class Membership(ComplexAttribute):
    """One person in a group."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    """The id of the person."""

    ref: Annotated[Reference["User"] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The address of the person."""


class Group(Resource[Any]):
    """A group that the directory made."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true] = None
    """The group's name; unique in the team."""

    members: list[Membership] | None = None
    """Who is in the group."""

    Members: ClassVar[type[ComplexAttribute]] = Membership


def provider() -> ScimProvider:
    """What the discovery endpoints answer."""
    config = ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MAX_DIRECTORY_PAGE),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=False),
        etag=ETag(supported=False),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="API key",
                description="An API key of the team with the permission directory.write, as a bearer token.",
                spec_uri=Reference("https://www.rfc-editor.org/info/rfc6750"),
                primary=True,
            )
        ],
    )
    return ScimProvider(models=[User, Group], config=config, policy=TOLERANT)
