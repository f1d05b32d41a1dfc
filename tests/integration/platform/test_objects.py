"""Objects in a folder and in S3: written once, never over each other, and errors that name the place."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mno.platform.errors import Conflict, Invalid, NotFound, Unavailable
from mno.platform.objects import Objects


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a bucket in a server that speaks S3."""
    import boto3
    from moto.server import ThreadedMotoServer

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    client.create_bucket(Bucket="anchors")
    client.close()
    try:
        yield f"s3://anchors/hub?endpoint={endpoint}"
    finally:
        server.stop()


async def holds_what_a_store_must(objects: Objects) -> None:
    await objects.put("audit/anchors/a/1.json", b"one")
    await objects.put("audit/anchors/b/2.json", b"two")
    assert await objects.get("audit/anchors/a/1.json") == b"one"
    assert sorted([name async for name in objects.names("audit/anchors")]) == [
        "audit/anchors/a/1.json",
        "audit/anchors/b/2.json",
    ]
    assert [name async for name in objects.names("audit/anchors/none")] == []
    with pytest.raises(Conflict):
        await objects.put("audit/anchors/a/1.json", b"other")
    assert await objects.get("audit/anchors/a/1.json") == b"one"
    with pytest.raises(NotFound):
        await objects.get("audit/anchors/a/2.json")


async def test_a_folder_holds_objects_and_never_overwrites_one(tmp_path: Path) -> None:
    await holds_what_a_store_must(Objects("", tmp_path / "objects"))
    assert (tmp_path / "objects" / "audit" / "anchors" / "a" / "1.json").read_bytes() == b"one"


async def test_s3_holds_objects_and_never_overwrites_one(s3: str, tmp_path: Path) -> None:
    await holds_what_a_store_must(Objects(s3, tmp_path))
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "objects").write_text("a file in the way")
    with pytest.raises(Unavailable, match="objects"):
        await Objects("", tmp_path / "objects").put("a", b"x")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x",
        "s3://",
        "anchors",
        "s3://key:word@bucket",
        "s3://bucket?region=x&acl=public",
        "https://bucket.s3.amazonaws.com",
    ],
)
def test_a_url_that_is_none_of_ours_is_refused_at_once(url: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="MNO_OBJECTS_URL"):
        Objects(url, tmp_path)
