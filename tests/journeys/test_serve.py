"""The program as its users start it: `mno serve` in a process of its own, and the verbs that talk to it.

Of the verbs those have a process of their own whose status, output or end it is about; the others run in this one.
"""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
import pytest

from mno.platform.paths import DataFolder
from support.coverage import UNMEASURED
from support.processes import command
from support.promises import PATIENCE_S
from support.verbs import Ended, environment, mno

Found = TypeVar("Found")

MNO = [sys.executable, "-m", "mno"]
#: How a verb is run.
Verb = Callable[..., Ended]
SECRET = "canary-on-the-command-line"
BOOTSTRAP_KEY = "mno_journey-0123456789-abcdef"

TRACE = "TIMESTAMP,ContextTokens,GeneratedTokens\n" + "".join(
    f"2023-11-16 18:17:{second:02d}.5,{100 + second},10\n" for second in range(40)
)


def started(folder: Path, *arguments: str, typed: str = "", **more: str) -> Ended:
    """A verb in a process of its own, to its end; nothing of it is measured."""
    done = subprocess.run(
        [*MNO, *arguments],
        env=environment(folder, **more, **UNMEASURED), input=typed, capture_output=True, text=True, timeout=PATIENCE_S,
        check=False,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout, done.stderr)


@contextmanager
def serving(folder: Path, **more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A started program and what it printed until it was ready."""
    process = subprocess.Popen(
        [*MNO, "serve"], env=environment(folder, **more), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    printed = ""
    for line in process.stdout:
        printed += line
        if "Stop with" in line:
            break
    try:
        yield process, printed
    finally:
        process.kill()
        process.communicate()


def eventually(found: Callable[[], Found | None]) -> Found:
    """The first answer that is one."""
    deadline = time.monotonic() + PATIENCE_S
    while not (answer := found()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return answer


def address(printed: str) -> str:
    found = re.search(r"runs at\s+(\S+)", printed)
    assert found, printed
    return found[1]


def client_of(printed: str, key: str = "") -> httpx.Client:
    """A client of the program that printed this, with a key if one is named."""
    return httpx.Client(base_url=address(printed), headers={"x-api-key": key} if key else {}, timeout=PATIENCE_S)


def ends_in_order(process: subprocess.Popen[str], folder: Path, number: signal.Signals) -> bool:
    """Sends the signal; nothing of the program is left then, neither a process nor its announcement."""
    children = psutil.Process(process.pid).children(recursive=True)
    assert any("postgres" in command(child) for child in children)
    process.send_signal(number)
    status = process.wait(PATIENCE_S)
    _, alive = psutil.wait_procs(children, timeout=PATIENCE_S)
    return (status, alive) == (0, []) and not (folder / "server.json").exists()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub") / "data"


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The program that the verbs here talk to; the last test interrupts it."""
    with serving(folder, MNO_BOOTSTRAP_API_KEY=BOOTSTRAP_KEY) as started:
        yield started


@pytest.fixture
def first_start(running: tuple[subprocess.Popen[str], str]) -> str:
    """What it printed until it was ready."""
    return running[1]


def test_the_first_start_prints_the_way_in(first_start: str) -> None:
    link = re.search(r"Sign in \(works once\)\s+(\S+)", first_start)
    assert link
    with client_of(first_start) as browser:
        assert browser.get(link[1]).headers["location"] == "/"
        assert browser.get("/api/auth/session").json()["user"]["name"] == "Owner"
        assert browser.get(link[1]).status_code == 401


def test_the_printed_command_sends_a_first_event(first_start: str) -> None:
    command = first_start.partition("first token event:")[2].partition("Stop with")[0].strip()
    if not Path("/usr/bin/curl").exists():
        pytest.skip("there is no curl here")
    sent = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert json.loads(sent.stdout)["accepted"] == 1, sent.stdout


def test_the_bootstrap_key_works_at_once(first_start: str) -> None:
    with client_of(first_start, BOOTSTRAP_KEY) as client:
        assert client.get("/api/keys").status_code == 200
        assert client.post(
            "/otlp/v1/traces", content=b"", headers={"content-type": "application/x-protobuf"}
        ).is_success


def test_a_second_program_on_the_same_folder_is_told_where_the_first_is(first_start: str, folder: Path) -> None:
    second = started(folder, "serve")
    assert second.returncode == 1
    assert address(first_start) in second.stderr
    assert "MNO_DATA_DIR" in second.stderr


def test_a_taken_port_is_named(first_start: str, tmp_path: Path) -> None:
    port = address(first_start).rpartition(":")[2]
    second = started(tmp_path, "serve", "--port", port)
    assert second.returncode == 1
    assert "--port" in second.stderr


def test_keys_are_made_listed_and_revoked_from_the_command_line(first_start: str, folder: Path) -> None:
    created = json.loads(mno(folder, "keys", "create", "my app", "--scope", "read", "--json").stdout)
    assert created["key"].startswith("mno_")
    plain = mno(folder, "keys", "create", "plain").stdout.strip()
    assert plain.startswith("mno_")
    assert created["id"] in mno(folder, "keys", "list").stdout
    assert "revoked" in mno(folder, "keys", "revoke", created["id"]).stdout
    listed = json.loads(mno(folder, "keys", "list", "--json").stdout)["items"]
    assert {key["name"]: key["revoked_at"] is None for key in listed}["my app"] is False
    with client_of(first_start, created["key"]) as client:
        assert client.get("/api/projects").status_code == 401


def test_a_key_from_the_command_line_has_the_bounds_that_were_asked_for_and_a_follower(
    first_start: str, folder: Path
) -> None:
    bounds = ["--permission", "usage.read", "--until", "2099-01-01", "--address", "127.0.0.0/8", "--agent", "crawler"]
    bound = json.loads(mno(folder, "keys", "create", "bound", *bounds, "--json").stdout)
    assert (bound["scopes"], bound["permissions"], bound["agent"]) == ([], ["usage.read"], "crawler")
    assert bound["allowed_addresses"] == ["127.0.0.0/8"]
    assert bound["expires_at"].startswith(("2098-12-31", "2099-01-01"))
    follower = json.loads(mno(folder, "keys", "rotate", bound["id"], "--overlap", "0", "--json").stdout)
    assert (follower["permissions"], follower["agent"]) == (["usage.read"], "crawler")
    with client_of(first_start) as client:
        statuses = [
            client.get("/api/auth/session", headers={"x-api-key": key["key"]}).status_code for key in (bound, follower)
        ]
    assert statuses == [401, 200]


def test_an_error_of_a_verb_is_one_line_and_a_status(first_start: str, folder: Path) -> None:
    failed = started(folder, "keys", "revoke", "key_" + "0" * 32)
    assert failed.returncode == 1
    assert failed.stderr.strip() == "mno: There is no such key."


def test_a_file_is_replayed_with_its_synthetic_columns_named(first_start: str, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text(TRACE)
    arguments = ("replay", str(tmp_path / "calls.csv"), "--provider", "openai", "--model", "gpt-4o")
    fast = json.loads(mno(folder, *arguments, "--users", "3", "--json").stdout)
    assert (fast["accepted"], fast["total"], fast["rejected"]) == (40, 40, [])
    assert "user" in fast["synthetic"]
    paced = mno(folder, *arguments, "--speed", "60")
    assert "40 of 40 calls sent" in paced.stdout
    assert "Synthetic" in paced.stdout
    assert started(folder, *arguments, "--speed", "0").returncode == 1


def test_another_server_is_reached_by_the_environment(first_start: str, tmp_path: Path) -> None:
    url = address(first_start)
    listed = mno(tmp_path, "keys", "list", "--json", MNO_URL=url, MNO_API_KEY=BOOTSTRAP_KEY)
    assert json.loads(listed.stdout)["items"]
    assert "MNO_API_KEY" in mno(tmp_path, "keys", "list", MNO_URL=url).stderr
    assert "does not answer" in mno(tmp_path, "keys", "list", MNO_URL="http://127.0.0.1:1", MNO_API_KEY="mno_x").stderr


def test_the_doctor_finds_the_running_server(first_start: str, folder: Path) -> None:
    findings = json.loads(mno(folder, "doctor", "--json").stdout)["findings"]
    assert {one["check"]: one["level"] for one in findings}["server"] == "ok"
    assert address(first_start) in started(folder, "doctor").stdout


def test_a_new_link_is_printed(first_start: str, folder: Path) -> None:
    link = started(folder, "link").stdout.strip()
    assert httpx.get(link, timeout=PATIENCE_S).status_code == 303


def test_a_program_that_was_killed_starts_again_and_a_termination_stops_it_gracefully(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with serving(folder, MNO_BOOTSTRAP_API_KEY=BOOTSTRAP_KEY, **UNMEASURED) as (process, _):
        process.kill()
        process.wait()
    with serving(folder, **UNMEASURED) as (process, printed):
        with client_of(printed, BOOTSTRAP_KEY) as client:
            assert client.get("/api/keys").status_code == 200
        assert ends_in_order(process, folder, signal.SIGTERM)
    assert "Ingest key" not in printed


def test_a_verb_starts_a_server_quietly_where_none_runs_and_stops_it(tmp_path: Path) -> None:
    created = started(tmp_path / "data", "keys", "create", "app", "--json")
    assert json.loads(created.stdout)["name"] == "app", created.stderr
    assert created.stderr == ""
    assert not (tmp_path / "data" / "server.json").exists()


@pytest.mark.parametrize("since", [DataFolder.is_held, DataFolder.running_server])
def test_a_server_that_a_verb_started_ends_with_it_however_and_whenever_that_ends(
    tmp_path: Path, since: Callable[[DataFolder], object]
) -> None:
    (tmp_path / "calls.csv").write_text(TRACE)
    slow = [*MNO, "replay", str(tmp_path / "calls.csv"), "--provider", "openai", "--model", "gpt-4o", "--speed", "0.1"]
    folder = DataFolder(tmp_path / "data")
    verb = subprocess.Popen(
        slow, env=environment(folder.path, **UNMEASURED), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        eventually(lambda: since(folder))
    finally:
        verb.kill()
        verb.wait()
    eventually(lambda: not folder.is_held())
    assert folder.running_server() is None


def test_a_wrong_bootstrap_key_is_a_clear_error_of_the_start(tmp_path: Path) -> None:
    failed = started(tmp_path / "data", "serve", MNO_BOOTSTRAP_API_KEY="mno_short")
    assert failed.returncode == 1
    assert "MNO_BOOTSTRAP_API_KEY must be" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_help_answers_at_once(tmp_path: Path) -> None:
    helped = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "mno", "--help"],
        env=environment(tmp_path, **UNMEASURED), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "serve" in helped.stdout
    assert not re.search(r"\|\s+(chdb|pyarrow|fastapi|pydantic|httpx|psycopg)$", helped.stderr, re.MULTILINE)


def test_the_command_tells_the_version() -> None:
    command = Path(sys.executable).with_name("mno")
    told = subprocess.run([command, "version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"\d+\.\d+\.\d+", told.stdout.strip())


def test_prices_are_listed_added_used_for_a_range_again_and_removed(
    first_start: str, folder: Path, tmp_path: Path
) -> None:
    listed = json.loads(mno(folder, "prices", "list", "gpt-4o", "--provider", "openai", "--json").stdout)
    assert listed["data"]["source"] == "genai-prices"
    assert "gpt-4o" in {price["model"] for price in listed["items"]}
    (tmp_path / "calls.csv").write_text(TRACE)
    mno(folder, "replay", str(tmp_path / "calls.csv"), "--provider", "ours", "--model", "house-model", "--json")

    def replayed() -> int:
        with client_of(first_start, BOOTSTRAP_KEY) as client:
            found = client.get("/api/traces", params={"model": "house-model", "limit": 100}).json()["items"]
        return int(len(found) == 40)

    eventually(replayed)  # what was acknowledged can be found a moment later
    given = ("house-*", "--input", "1.5", "--output", "2", "--cache-read", "0.1", "--currency", "USD")
    added = json.loads(mno(folder, "prices", "add", *given, "--note", "test", "--json").stdout)
    assert added["id"] in mno(folder, "prices", "list").stdout or "house-*" in mno(folder, "prices", "list").stdout
    rerated = json.loads(mno(folder, "prices", "rerate", "--from", "-1h", "--json").stdout)
    assert rerated["state"] == "done"
    assert rerated["changed"] >= 40
    assert "looked at" in mno(folder, "prices", "rerate", "--from", "2026-01-01", "--to", "2026-01-02").stdout
    assert "is removed" in started(folder, "prices", "remove", added["id"]).stdout
    (tmp_path / "prices.json").write_text("{}")
    assert mno(folder, "prices", "import", str(tmp_path / "prices.json")).returncode == 1


def test_a_setting_is_compared_changed_and_rolled_back(first_start: str, folder: Path) -> None:
    name = "security.invitation_days"

    def settings(*arguments: str) -> Any:
        return json.loads(mno(folder, "settings", *arguments, "--json").stdout)

    (before,) = settings("get", name)
    compared = settings("diff", name, "3")
    assert [(change["before"], change["after"]) for change in compared["changes"]] == [(None, 3)]
    assert settings("get", name) == [before]
    changed = mno(folder, "settings", "set", name, "3", "--note", "shorter")
    assert "Saved as revision" in changed.stdout
    assert "3" in mno(folder, "settings", "get", name).stdout.split()
    assert settings("history")[0]["note"] == "shorter"
    assert name in mno(folder, "settings", "history").stdout
    assert "Saved as revision" in mno(folder, "settings", "rollback", "0").stdout
    assert settings("get", name) == [before]
    unknown = started(folder, "settings", "get", "no.such_setting")
    assert (unknown.returncode, "no.such_setting" in unknown.stderr) == (2, True)


def secrets(folder: Path, *arguments: str, typed: str = "", run: Verb = mno) -> str:
    done = run(folder, "secrets", *arguments, typed=typed)
    assert SECRET not in done.stdout + done.stderr
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_secret_is_set_listed_rotated_and_deleted_by_hand(first_start: str, folder: Path) -> None:
    told = secrets(folder, "set", "TOKEN", "--purpose", "for a test", typed=SECRET + "\n", run=started)
    assert "is set" in told
    secrets(folder, "set", "REGION", "--variable", "--purpose", "for a test", typed="eu\n")
    assert "eu" in secrets(folder, "list")
    region, token = sorted(json.loads(secrets(folder, "list", "--json")), key=lambda one: str(one["name"]))
    assert (token["name"], token["value"], region["value"]) == ("TOKEN", None, "eu")
    for which in ("rotate-data-key", "rotate-master-key"):
        assert "has begun" in secrets(folder, which)

    def all_done() -> bool:
        return {one["state"] for one in json.loads(secrets(folder, "rotations", "--json"))} == {"done"}

    eventually(all_done)
    assert "is deleted" in secrets(folder, "delete", token["id"])
    assert "TOKEN" not in secrets(folder, "list")
    assert (folder / "master.key").stat().st_mode & 0o777 == 0o600


def test_an_interrupt_stops_everything_gracefully(running: tuple[subprocess.Popen[str], str], folder: Path) -> None:
    """The last one of this file: its program has done all the others' work."""
    process, printed = running
    assert "Ingest key" in printed
    assert ends_in_order(process, folder, signal.SIGINT)
