"""Objects: bytes under names, outside of both databases. A local folder by default, S3 and its relatives by a URL.

    s3://bucket/prefix?region=eu-central-1
    s3://bucket/prefix?endpoint=http://minio:9000
    gs://bucket/prefix        az://account/container        file:///mnt/share

Credentials come from where the provider's own tools take them: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a
machine's role, GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_ACCOUNT_KEY.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from mno.platform.errors import Conflict, Invalid, NotFound, Unavailable

if TYPE_CHECKING:
    from obstore.store import ObjectStore

SCHEMES = ("s3", "gs", "az", "file")
_PARAMETERS = frozenset({"endpoint", "region"})
_TIMEOUT = "20s"


class Objects:
    """One store of objects; opens nothing before the first use. Names are paths with `/`."""

    def __init__(self, url: str, folder: Path) -> None:
        """`folder` is used where `url` is empty. `Invalid` for a URL that is none of ours."""
        self._url = url
        self._folder = folder
        self._opened: ObjectStore | None = None
        if url:
            _checked(url)

    @property
    def where(self) -> str:
        """The place, for people."""
        return self._url.partition("?")[0] or str(self._folder)

    async def put(self, name: str, content: bytes) -> None:
        """Writes a new object whole. `Conflict` when there is one of that name: nothing is ever overwritten."""
        import obstore
        from obstore.exceptions import AlreadyExistsError, BaseError

        try:
            await obstore.put_async(self._store(), name, content, mode="create")
        except AlreadyExistsError:
            raise Conflict(f"There is already an object {name}.") from None
        except (BaseError, OSError) as error:
            raise self._unavailable(error) from error

    async def get(self, name: str) -> bytes:
        """`NotFound` where there is none of that name."""
        import obstore
        from obstore.exceptions import BaseError, NotFoundError

        try:
            answer = await obstore.get_async(self._store(), name)
            return bytes(await answer.bytes_async())
        except (NotFoundError, FileNotFoundError):
            raise NotFound(f"There is no object {name}.") from None
        except (BaseError, OSError) as error:
            raise self._unavailable(error) from error

    async def names(self, prefix: str) -> AsyncIterator[str]:
        """Every name below `prefix`, in no particular order."""
        import obstore
        from obstore.exceptions import BaseError

        try:
            async for batch in obstore.list(self._store(), prefix=prefix):
                for found in batch:
                    yield found["path"]
        except (BaseError, OSError) as error:
            raise self._unavailable(error) from error

    def _store(self) -> "ObjectStore":
        if self._opened is None:
            self._opened = _opened(self._url, self._folder)
        return self._opened

    def _unavailable(self, error: Exception) -> Unavailable:
        reason = str(error).partition("\n")[0][:300]
        return Unavailable(f"The object store at {self.where} cannot be used: {reason}", retry_after_s=5)


def _checked(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not (parts.netloc or parts.scheme == "file"):
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise Invalid(f"MNO_OBJECTS_URL must begin with one of {known}, such as s3://bucket/prefix.")
    if parts.username or parts.password:
        raise Invalid("MNO_OBJECTS_URL must not carry credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
    parameters = dict(parse_qsl(parts.query))
    if unknown := set(parameters) - _PARAMETERS:
        raise Invalid(f"MNO_OBJECTS_URL knows the parameters endpoint and region, not {', '.join(sorted(unknown))}.")
    return parameters


def _opened(url: str, folder: Path) -> "ObjectStore":
    from obstore.store import LocalStore, from_url

    if not url:
        return LocalStore(prefix=folder, mkdir=True)
    parameters = _checked(url)
    parts = urlsplit(url)
    if parts.scheme == "file":
        return LocalStore(prefix=Path(parts.path), mkdir=True)
    options: dict[str, Any] = dict(parameters)
    if parts.scheme == "s3":
        # an answer that never comes must not hold up whoever writes; the store tries again by itself
        plain = parameters.get("endpoint", "").startswith("http://")
        options["client_options"] = {"timeout": _TIMEOUT, "allow_http": plain}
        options.setdefault("region", "us-east-1")
    return from_url(url.partition("?")[0], **options)
