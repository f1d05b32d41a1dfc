"""The authorization server as one piece: what the routes and the gate are built on."""

from dataclasses import dataclass

from mno.identity.oauth.clients.service import Clients
from mno.identity.oauth.service import Consents
from mno.identity.oauth.tokens.service import Tokens


@dataclass(frozen=True, slots=True)
class Oauth:
    """Who asks, what people let them do, and the secrets that stand for it."""

    clients: Clients
    consents: Consents
    tokens: Tokens
