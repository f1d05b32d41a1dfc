"""Calls to providers: small JSON answers, within a time, without following anybody to another address."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import httpx
import orjson

from mno.platform.errors import Invalid, MnoError, Unavailable

#: The largest answer of GitHub or a provider that is read.
MAX_ANSWER_BYTES = 1024 * 1024
#: How long a provider may take, in seconds.
PROVIDER_TIMEOUT_S = 10.0


class Calls:
    """Over a client whose transport decides which addresses may be reached."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(self, url: str, headers: Mapping[str, str] | None = None, *, limit: int = MAX_ANSWER_BYTES) -> Any:
        return await self._answer("GET", url, headers, None, limit)

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Any:
        return await self._answer("POST", url, headers, form, MAX_ANSWER_BYTES)

    async def _answer(
        self, method: str, url: str, headers: Mapping[str, str] | None, form: Mapping[str, str] | None, limit: int
    ) -> Any:
        """The decoded JSON (or form); `Unavailable` when nobody answers, `Invalid` for a refusal or nonsense."""
        try:
            async with self._client.stream(
                method,
                url,
                headers={"accept": "application/json", "user-agent": "mno", **(headers or {})},
                data=form,
                timeout=PROVIDER_TIMEOUT_S,
                follow_redirects=False,
            ) as answer:
                body = bytearray()
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > limit:
                        raise Invalid(f"{_host(url)} sent more than {limit} bytes.")
        except MnoError:
            raise
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"{_host(url)} does not answer ({type(error).__name__}).") from None
        if answer.status_code >= 500:
            raise Unavailable(f"{_host(url)} answers {answer.status_code}.")
        decoded = _decoded(answer.headers.get("content-type", ""), bytes(body), url)
        if not answer.is_success:
            raise Invalid(f"{_host(url)} answers {answer.status_code}{_why(decoded)}.")
        return decoded


def _decoded(content_type: str, body: bytes, url: str) -> Any:
    if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        return dict(parse_qsl(body.decode("utf-8", "replace")))
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Invalid(f"{_host(url)} answers with something that is no JSON.") from None


def _why(decoded: Any) -> str:
    """The provider's own word for what was wrong; never its description, which may repeat what we sent."""
    word = decoded.get("error") if isinstance(decoded, dict) else None
    return f" ({word[:80]})" if isinstance(word, str) else ""


def _host(url: str) -> str:
    try:
        return httpx.URL(url).host or "The provider"
    except httpx.InvalidURL:
        return "The provider"
