"""A person in front of the consent page, without the page: an HTTP client that is signed in and decides."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from support.promises import PATIENCE_S

OURS = {"sec-fetch-site": "same-origin"}


class Browser:
    """Signed in at a hub; `went_to` is where the hub's page sent it last."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.went_to = ""

    async def look(self, address: str | Mapping[str, str]) -> httpx.Response:
        """What the page asks the hub about an address to which a client sent the browser."""
        return await self.http.get("/api/oauth/authorization", params=_asked(address))

    async def decide(self, address: str | Mapping[str, str], *, allow: bool = True, digest: str = "") -> httpx.Response:
        """Looks and decides; with `digest`, as if that had been seen."""
        seen = digest or (await self.look(address)).json().get("digest", "")
        wish = {"request": _asked(address), "allow": allow, "digest": seen}
        answer = await self.http.post("/api/oauth/authorization", json=wish)
        if answer.status_code == 200:
            self.went_to = answer.json()["location"]
        return answer

    async def allow(self, address: str | Mapping[str, str]) -> dict[str, str]:
        """Consents, and answers what the client gets at its address."""
        answer = await self.decide(address)
        assert answer.status_code == 200, answer.text
        return dict(parse_qsl(urlsplit(self.went_to).query))


def _asked(address: str | Mapping[str, str]) -> dict[str, Any]:
    return dict(parse_qsl(urlsplit(address).query)) if isinstance(address, str) else dict(address)


@asynccontextmanager
async def signed_in(base_url: str, admin: httpx.AsyncClient, **more: Any) -> AsyncIterator[Browser]:
    """A browser in which the team's Owner is signed in, by a link."""
    async with httpx.AsyncClient(base_url=base_url, headers=OURS, timeout=PATIENCE_S, **more) as http:
        made = (await admin.post("/api/auth/link")).json()["url"]
        path = httpx.URL(made)
        assert (await http.get(f"{path.path}?{path.query.decode()}")).status_code == 303
        yield Browser(http)
