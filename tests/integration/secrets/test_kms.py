"""A master key in AWS KMS. The stand-in is `moto` in server mode, spoken to by the real client."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from mno.platform.database import Database
from mno.platform.errors import Unavailable
from mno.platform.versions import Versions
from mno.secrets import envelope
from mno.secrets.master.aws import AwsKmsKey
from mno.secrets.master.choice import chosen
from mno.secrets.master.local import KeyFile, LocalKey
from mno.secrets.service import Secrets


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a KMS stand-in, which boto3 finds in the environment."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", address)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield address
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def key(kms: str) -> str:
    import boto3

    client = boto3.session.Session().client("kms")
    arn = str(client.create_key()["KeyMetadata"]["Arn"])
    client.close()
    return arn


async def test_data_keys_are_wrapped_by_a_stand_in_for_kms_and_bound_to_their_place(key: str) -> None:
    master = AwsKmsKey(key)
    plain = envelope.new_data_key()
    wrapped = await master.wrap(plain, b"here")
    assert plain not in wrapped
    assert await AwsKmsKey(key).unwrap(wrapped, b"here") == plain
    with pytest.raises(Unavailable, match="refuses to decrypt"):
        await master.unwrap(wrapped, b"there")
    with pytest.raises(Unavailable, match="NotFoundException"):
        await AwsKmsKey("arn:aws:kms:eu-central-1:123456789012:key/none").wrap(plain, b"here")


async def test_a_hub_moves_from_its_own_file_to_a_stand_in_for_kms(
    database: Database, key: str, tmp_path: Path
) -> None:
    file = KeyFile(tmp_path / "master.key")
    before = Secrets(database, chosen("", file), Versions(database))
    await before.own.write_own(None, "mail.password", "correct horse")
    after = Secrets(database, chosen(f"aws-kms:{key}", file), Versions(database))
    # the file's key still opens what it wrapped; what is new is wrapped by KMS
    assert await after.own.read_own(None, "mail.password") == "correct horse"
    assert after.keys.ring.current.id == f"aws-kms:{key}"
    assert not isinstance(after.keys.ring.current, LocalKey)


async def test_a_kms_that_does_not_answer_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:9")
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "eu-central-1")
    with pytest.raises(Unavailable, match="does not answer"):
        await AwsKmsKey("alias/mno").wrap(b"x" * 32, b"here")
