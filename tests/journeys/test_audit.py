"""`mno audit verify` as people run it: a whole log, one that somebody edited, and the key for a third party."""

import json
from pathlib import Path

from journeys.test_serve import serving, started
from mno.platform.postgres_server import PostgresServer
from support.coverage import UNMEASURED
from support.verbs import mno


def edit(folder: Path, statement: str) -> None:
    """As a superuser of the embedded Postgres, while the program is stopped."""
    import psycopg

    server = PostgresServer(folder / "postgres")
    server.start()
    try:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(statement)
    finally:
        server.stop()


def test_an_edit_made_while_the_program_was_stopped_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    added = mno(folder, "prices", "add", "some-model", "--input", "1", "--output", "2", **UNMEASURED)
    assert added.returncode == 0, added.stderr
    whole = mno(folder, "audit", "verify", "--json", **UNMEASURED)
    assert whole.returncode == 0, whole.stderr + whole.stdout
    chains = json.loads(whole.stdout)["items"]
    # the first run signed its entries when it ended
    assert any(chain["anchored"] >= 1 for chain in chains)
    assert {chain["fault"] for chain in chains} == {""}
    edit(folder, "UPDATE audit_entries SET action = 'prices.read' WHERE action = 'prices.create'")
    with serving(folder, **UNMEASURED):
        bad = mno(folder, "audit", "verify")
        key = started(folder, "audit", "key")
    assert bad.returncode == 1
    assert "is not what was written" in bad.stderr
    assert "edited" in bad.stdout
    assert key.stdout.startswith("-----BEGIN PUBLIC KEY-----")
    assert (folder / "audit.key").stat().st_mode & 0o777 == 0o600
