"""A master key that never leaves AWS KMS: wrapping and unwrapping are calls to it.

`boto3` finds region, endpoint and credentials as every AWS client does (environment, shared files, the machine's
role). It comes with the extra `aws`; without it the program says so when such a key is named.
"""

import asyncio
import base64
from typing import Any

from mno.platform.errors import Invalid, Unavailable

#: How long one call to KMS may take, in seconds, and how often it is tried.
KMS_TIMEOUT_S = 5
KMS_ATTEMPTS = 3


class AwsKmsKey:
    """A symmetric key by its ARN, id or alias. One request for each data key that a process has not seen yet."""

    def __init__(self, key: str) -> None:
        if not key:
            raise Invalid("MNO_MASTER_KEY has aws-kms: without a key; write aws-kms:arn:aws:kms:…")
        self._key = key
        self._client: Any = None

    @property
    def id(self) -> str:
        return f"aws-kms:{self._key}"

    async def wrap(self, plain: bytes, where: bytes) -> bytes:
        answer = await asyncio.to_thread(
            self._call, "encrypt", KeyId=self._key, Plaintext=plain, EncryptionContext=_context(where)
        )
        return bytes(answer["CiphertextBlob"])

    async def unwrap(self, wrapped: bytes, where: bytes) -> bytes:
        answer = await asyncio.to_thread(
            self._call, "decrypt", KeyId=self._key, CiphertextBlob=wrapped, EncryptionContext=_context(where)
        )
        return bytes(answer["Plaintext"])

    def _call(self, name: str, **parameters: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self._opened(), name)(**parameters)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "an error")
            raise Unavailable(f"AWS KMS refuses to {name} with the master key: {code}.") from None
        except BotoCoreError as error:
            raise Unavailable(f"AWS KMS does not answer ({type(error).__name__}); is its region set?") from None

    def _opened(self) -> Any:
        if self._client is None:
            import boto3
            from botocore.config import Config

            limits = Config(
                connect_timeout=KMS_TIMEOUT_S,
                read_timeout=KMS_TIMEOUT_S,
                retries={"max_attempts": KMS_ATTEMPTS, "mode": "standard"},
            )
            # a session of its own: boto3's default one is not made for several threads
            self._client = boto3.session.Session().client("kms", config=limits)
        return self._client


def check_installed() -> None:
    """`Invalid`, with the way out, where the extra is missing."""
    try:
        import boto3  # noqa: F401
    except ImportError:
        raise Invalid("MNO_MASTER_KEY names a key of AWS KMS, which needs boto3: pip install 'mno[aws]'.") from None


def _context(where: bytes) -> dict[str, str]:
    return {"mno": base64.b64encode(where).decode()}
