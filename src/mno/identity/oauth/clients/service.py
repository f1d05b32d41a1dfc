"""The programs that ask for access: those that register themselves, and those that are known by their document.

Anybody may register a client, so it means nothing: it may do nothing until a person consents to it.
"""

import hmac
from collections.abc import Mapping
from typing import Any

from mno.identity.oauth import store
from mno.identity.oauth.clients.documents import Documents
from mno.identity.oauth.model import (
    IDLE_CLIENT_LIFETIME,
    MAX_REGISTRATIONS_PER_ADDRESS,
    MAX_WAITING_CLIENTS,
    REGISTRATION_WINDOW,
    UNUSED_CLIENT_LIFETIME,
    AuthMethod,
    Client,
    OauthRefusal,
)
from mno.identity.oauth.rules import client_of, is_document
from mno.platform import clock, crypto, origin
from mno.platform.database import Database
from mno.platform.errors import LimitExceeded
from mno.platform.ids import new_id, shown


class Clients:
    """Of the whole hub."""

    def __init__(self, database: Database, documents: Documents) -> None:
        self._database = database
        self._documents = documents

    async def register(self, metadata: Mapping[str, Any]) -> tuple[Client, str]:
        """A new client and its secret (empty where it wants none). `OauthRefusal` for metadata that cannot be taken,
        `LimitExceeded` for too many registrations.
        """
        client = client_of(shown("oac", new_id()), metadata)
        secret = "" if client.auth_method is AuthMethod.NONE else crypto.new_token()
        if secret:
            client = client_of(client.id, metadata, secret=crypto.fingerprint(secret))
        now, address = clock.now(), origin.current().address
        async with self._database.across_teams() as tx:
            await store.lock_registrations(tx)
            await store.delete_unused_clients(tx, now - UNUSED_CLIENT_LIFETIME, now - IDLE_CLIENT_LIFETIME)
            here, waiting = await store.registrations_since(tx, address, now - REGISTRATION_WINDOW)
            if here >= MAX_REGISTRATIONS_PER_ADDRESS or waiting >= MAX_WAITING_CLIENTS:
                raise LimitExceeded(
                    "Too many clients have registered lately; try again later, or use a client id metadata document.",
                    retry_after_s=int(REGISTRATION_WINDOW.total_seconds()),
                )
            await store.insert_client(tx, client, address, now)
        return client, secret

    async def client(self, client_id: str) -> Client:
        """`OauthRefusal` where there is none of that id."""
        if is_document(client_id):
            return await self._documents.client(client_id)
        async with self._database.transaction() as tx:
            found = await store.client(tx, client_id)
        if found is None:
            raise OauthRefusal(
                "invalid_client", "This client is not known here (any more). Let it connect anew from the beginning."
            )
        return found

    async def check_is(self, client_id: str, secret: str) -> None:
        """`OauthRefusal` unless whoever asks at the token endpoint is this client, as far as it can show that."""
        if is_document(client_id):
            return
        client = await self.client(client_id)
        if client.secret and not hmac.compare_digest(crypto.fingerprint(secret), client.secret):
            raise OauthRefusal("invalid_client", "The client's secret is missing or wrong.")
