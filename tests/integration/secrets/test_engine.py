"""The embedded Postgres learns nothing of the master key, not even its superuser."""

from pathlib import Path

import psycopg
import pytest

from mno.platform.postgres_server import PostgresServer


def test_a_superuser_of_the_database_cannot_read_the_master_key_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNO_MASTER_KEY", "canary-of-the-environment")
    server = PostgresServer(tmp_path / "postgres")
    server.start()
    try:
        with psycopg.connect(server.url_of("postgres")) as connection:
            row = connection.execute("SELECT pg_read_binary_file('/proc/self/environ')").fetchone()
    finally:
        server.stop()
    assert row is not None
    assert b"PATH=" in row[0]
    assert b"canary-of-the-environment" not in row[0]
