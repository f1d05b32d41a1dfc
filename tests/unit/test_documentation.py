"""The project's own pages are checked like code: what they name exists, and what exists they name."""

import ast
import importlib.util
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from mno.observability.ingest import native

ROOT = Path(__file__).parents[2]
SKIPPED = {"node_modules", ".venv", ".venv-contract", "dist", ".node", "fixtures"}
PAGES = sorted(
    page
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    if not SKIPPED & set(page.relative_to(ROOT).parts)
)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
#: File names in backticks; those of ARCHITECTURE.md are below src/mno or in the feature that the text is about.
NAMED_FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|sql|mjs|ts|tsx|md|sh))`")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def reference() -> ModuleType:
    """scripts/reference.py, which is a script and no package."""
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["reference"] = module
    spec.loader.exec_module(module)
    return module


# — the reference —


@pytest.mark.parametrize("page", ["settings.md", "commands.md", "api.md", "limits.md", "events.md"])
def test_the_reference_is_what_the_code_says_now(page: str) -> None:
    assert read(f"docs/reference/{page}") == reference().pages()[page], "run `make reference` and commit what it wrote"


def test_the_web_knows_the_api_as_it_is_now() -> None:
    assert read("web/openapi.json") == reference().openapi(), "run `make reference`, then `npm run api` in web/"


def test_every_kind_outcome_and_action_of_events_says_what_it_is() -> None:
    rows = [line for line in reference().pages()["events.md"].splitlines() if line.startswith("| `")]
    assert len(rows) > 15
    assert [row for row in rows if "|  |" in row or not row.split("|")[2].strip()] == []


def test_every_setting_is_documented() -> None:
    documented = {*reference().SETTINGS, *reference().CLIENT_SETTINGS}
    assert reference().settings_read() == documented


def test_the_readme_names_every_setting() -> None:
    missing = [name for name in reference().settings_read() if f"`{name}`" not in read("README.md")]
    assert not missing


def test_every_command_and_option_says_what_it_does() -> None:
    silent = [command.words for command in reference().commands() if not command.help]
    silent += [
        f"{command.words} {parameter.name}"
        for command in reference().commands()
        for parameter in command.parameters
        if not getattr(parameter, "help", "")
    ]
    assert not silent


def test_every_route_says_what_it_does() -> None:
    _, routes = reference().routes()
    assert routes
    assert not [f"{route.method} {route.path}" for route in routes if not route.described.get("description")]


def test_only_health_and_the_ways_in_ask_for_no_key() -> None:
    _, routes = reference().routes()
    ways_in = {
        "link", "methods", "password", "password/reset", "password/new", "passkey", "passkey/options", "second-factor",
        "github/start", "github/callback", "oidc/{provider_id}/start", "oidc/{provider_id}/callback",
    }  # fmt: skip
    public = {route.path for route in routes if not route.permission}
    invitations = {"/api/invitations/offer", "/api/invitations/accept"}
    clients = {f"/oauth/{name}" for name in ("register", "token", "revoke", "client.json")}
    clients |= {f"/.well-known/oauth-{name}" for name in ("authorization-server", "protected-resource")}
    assert public == {"/api/health", *invitations, *clients, *(f"/api/auth/{name}" for name in ways_in)}


def test_every_limit_says_what_it_bounds() -> None:
    assert not [f"{limit.module}.{limit.name}" for limit in reference().limits() if not limit.comment]


def test_every_metric_is_explained_to_operators() -> None:
    source = read("src/mno/observability/system/service.py")
    metrics = {
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"mno_[a-z_]+", node.value)
    }
    assert metrics
    assert not [name for name in metrics if f"`{name}`" not in read("docs/guides/operate.md")]


def test_every_field_of_a_token_event_is_explained() -> None:
    guide = read("docs/guides/connect.md")
    assert not [field for field in native._FIELDS if f"`{field}`" not in guide and f'"{field}"' not in guide]


# — the pages —


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    broken = []
    for target in LINK.findall(text):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert not broken


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as repository hosts make them."""
    found = set()
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            words = re.sub(r"[^\w\s-]", "", line.lstrip("#").strip().lower())
            found.add(re.sub(r"\s", "-", words))
    return found


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "STYLE.md"])
def test_files_that_a_page_names_exist(page: str) -> None:
    below = [ROOT, ROOT / "src" / "mno", ROOT / "src" / "mno" / "observability"]
    named = NAMED_FILE.findall(read(page))
    assert named
    assert not [name for name in named if not any((folder / name).exists() for folder in below)]


def test_every_room_stands_in_the_architecture() -> None:
    source = ROOT / "src" / "mno"
    rooms = [folder for folder in source.iterdir() if folder.is_dir() and (folder / "__init__.py").exists()]
    rooms += [folder for folder in (source / "observability").iterdir() if (folder / "__init__.py").exists()]
    text = read("ARCHITECTURE.md")
    assert not [name for name in (room.relative_to(source).as_posix() for room in rooms) if f"`{name}/" not in text]


def test_every_decision_is_in_the_index() -> None:
    index = read("docs/decisions/README.md")
    decisions = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    numbers = [int(decision.name[:4]) for decision in decisions]
    assert numbers == list(range(1, len(numbers) + 1))
    assert not [decision.name for decision in decisions if f"({decision.name})" not in index]


def test_every_verb_of_make_is_explained_to_contributors() -> None:
    verbs = re.findall(r"^([a-z-]+):.*## ", read("Makefile"), re.MULTILINE)
    assert verbs
    assert not [verb for verb in verbs if f"`make {verb}`" not in read("CONTRIBUTING.md")]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_verbs_of_make_that_a_page_names_exist(page: Path) -> None:
    verbs = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"`make ([a-z-]+)", text)) | set(re.findall(r"^make ([a-z-]+)", text, re.MULTILINE))
    assert not named - verbs


def test_verbs_of_mno_that_the_pages_name_exist() -> None:
    known = {command.words for command in reference().commands()} | {"mno"}
    groups = {" ".join(words) for *words, _ in (verb.split() for verb in known) if len(words) == 2}
    named = set()
    for page in PAGES:
        for line in re.findall(r"(?:\.venv/bin/|`)(mno [a-z][a-z -]*)", page.read_text(encoding="utf-8")):
            words = line.split()
            named.add(" ".join(words[:3] if " ".join(words[:2]) in groups else words[:2]))
    assert named
    assert not named - known - groups


def test_the_pages_of_a_checkout_name_no_machine_and_no_registry() -> None:
    """Addresses of registries and folders of one machine do not belong into the repository."""
    tracked = subprocess.run(
        ["git", "ls-files", "*.md", "*.lock", "*.npmrc"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    files = [ROOT / line for line in tracked.stdout.splitlines()] or PAGES
    machine = re.compile("|".join(["/wor" + "k/", "/ro" + "ot/", "pypi\\.or" + "g", "registry\\.npm" + "js"]))
    assert not [name_of(file) for file in files if file.exists() and machine.search(file.read_text(encoding="utf-8"))]
