"""Those outside who say who somebody is: GitHub, and OpenID Connect providers."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

#: How GitHub is called among the providers.
GITHUB = "github"
#: OpenID Connect providers of the hub.
MAX_PROVIDERS = 50
#: E-mail domains that one provider may speak for.
MAX_DOMAINS_PER_PROVIDER = 50
#: Accounts of others that one person may have linked.
MAX_LINKED_ACCOUNTS = 20


@dataclass(frozen=True, slots=True)
class Provider:
    """One OpenID Connect provider, without its client secret."""

    id: UUID
    #: Whose people it speaks for; None: everybody's of the hub.
    team_id: UUID | None
    name: str
    issuer: str
    client_id: str
    scopes: str
    #: A claim `amr` that names several factors counts as a second factor here.
    trusts_factor: bool
    #: Its addresses count as verified although it does not say so; only within `domains`.
    trusts_email: bool
    #: E-mail domains that it may speak for; empty: all.
    domains: tuple[str, ...]
    #: Who has no account yet becomes a member of this team with this role; None: they need an invitation.
    joins_team: UUID | None
    joins_role: UUID | None
    enabled: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Arrival:
    """Whom a provider sent to us. `email` is empty unless the provider verified it."""

    provider: str
    subject: str
    email: str
    name: str
    #: Whether the provider saw a second factor and is trusted to say so.
    second_factor: bool = False


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """An account elsewhere with which a person signs in here."""

    provider: str
    name: str
    email: str
    linked_at: datetime
    last_at: datetime
