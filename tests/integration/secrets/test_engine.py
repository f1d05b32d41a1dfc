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
            connection.execute("CREATE TABLE seen (line text)")
            # what a superuser may do: run a program as the server, which inherits its environment
            connection.execute("COPY seen FROM PROGRAM 'env'")
            lines = [row[0] for row in connection.execute("SELECT line FROM seen").fetchall()]
    finally:
        server.stop()
    assert any(line.startswith("PATH=") for line in lines)
    assert not [line for line in lines if "canary" in line or line.startswith("MNO_")]
