"""`mno audit verify` as people run it: a whole log, one that somebody edited, and the key for a third party."""

import json
import os
import subprocess
import sys
from pathlib import Path

from mno.platform.postgres_server import PostgresServer
from support.coverage import UNMEASURED

MNO = [sys.executable, "-m", "mno"]


def mno(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MNO_")}
    environment = ours | {"MNO_DATA_DIR": str(folder), "MNO_PORT": "0", "MNO_OTLP_GRPC_PORT": "0"} | more
    return subprocess.run([*MNO, *arguments], env=environment, capture_output=True, text=True, timeout=100, check=False)


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
    whole = mno(folder, "audit", "verify", "--json")
    assert whole.returncode == 0, whole.stderr + whole.stdout
    chains = json.loads(whole.stdout)["items"]
    # the first run signed its entries when it ended
    assert any(chain["anchored"] >= 1 for chain in chains)
    assert {chain["fault"] for chain in chains} == {""}
    edit(folder, "UPDATE audit_entries SET action = 'prices.read' WHERE action = 'prices.create'")
    bad = mno(folder, "audit", "verify", **UNMEASURED)
    assert bad.returncode == 1
    assert "is not what was written" in bad.stderr
    assert "edited" in bad.stdout
    key = mno(folder, "audit", "key")
    assert key.stdout.startswith("-----BEGIN PUBLIC KEY-----")
    assert (folder / "audit.key").stat().st_mode & 0o777 == 0o600
