"""The commands and claims in the README and the documentation are true."""

import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import todo_domain
from tests.documents import (
    DOCUMENTS,
    GENERATED,
    ROOT,
    code_block,
    example_settings,
    shell_blocks,
    text_of,
    with_generated_part,
)
from todo_api.app import create_app
from todo_api.container import Container
from todo_api.http.request_body import MAX_BODY_BYTES, MAX_VALUES
from todo_api.http.user_limits import (
    BURST_SECONDS,
    BYTES_PER_UNIT,
    ITEMS_PER_TASK,
    MAX_WAITING,
    OPERATIONS_PER_UNIT,
    TASKS_PER_UNIT,
)
from todo_api.middleware.limits import MAX_HEAD_BYTES
from todo_api.routes.batch import BatchRoute
from todo_api.schemas.feed_parameters import ChangeParameters
from todo_api.schemas.parameters import ListParameters, RemovalParameters
from todo_api.schemas.tasks import TaskResponse
from todo_api.server.connections import LOG_SECONDS, Limits
from todo_api.server.descriptors import MOST_CONNECTIONS
from todo_api.server.uvicorn_protocol import MAX_PIPELINED
from todo_api.server.uvicorn_server import END_SECONDS, FINISH_SECONDS
from todo_api.settings import Settings, names_of
from todo_domain.batch import MAX_OPERATIONS
from todo_domain.changes import MAX_CHANGES
from todo_domain.checklist import MAX_ITEM_TITLE_LENGTH, MAX_ITEMS
from todo_domain.draft import MAX_DESCRIPTION_LENGTH, MAX_TAG_LENGTH, MAX_TAGS, MAX_TITLE_LENGTH
from todo_domain.identity import MAX_USER_ID_LENGTH
from todo_domain.listing import MAX_LIMIT, MAX_SEARCH_LENGTH

BLOCKS = shell_blocks()
HTTP_API = "docs/reference/http.md"


@dataclass(frozen=True)
class Shell:
    """A shell in a folder like that of a clone, and a server that has just started."""

    folder: Path
    environment: dict[str, str]
    url: str

    def run(self, script: str) -> str:
        """Return the output of the script; each of its commands must succeed."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script.replace("http://127.0.0.1:8000", self.url)],
            cwd=self.folder,
            env=self.environment,
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def opened_shell(folder: Path) -> Iterator[Shell]:
    programs = Path(sys.executable).parent
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(programs)
    environment = {
        "HOME": str(folder),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "TODO_DATABASE_URL": str(folder / "tasks.sqlite3"),
        "TODO_PORT": "0",
    }
    environment |= {name: value for name, value in os.environ.items() if name.startswith("COV")}
    with subprocess.Popen(["todo-api", "serve"], env=environment, text=True, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout
            url = re.search(r"at (http\S+)/docs", server.stdout.readline())
            assert url, "the server did not say where it is"
            yield Shell(folder, environment, url[1])
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with opened_shell(tmp_path_factory.mktemp("clone")) as shell:
        yield shell


def statuses_in(printed: str) -> list[str]:
    return re.findall(r"^HTTP/1.1 (\d+)", printed, re.MULTILINE)


def first_task_is_created(printed: str) -> bool:
    return set(json.loads(printed)) == set(json.loads(code_block("README.md", "response: first")))


EXPECTATIONS: dict[str, Callable[[str], object]] = {
    "access_tokens": lambda printed: (
        '"token":"todo_pat_' in printed
        and [line for line in ('"tasks":[]', '"AUTH_FORBIDDEN"', '"count":1', "\n204\n") if line not in printed] == []
        and '"AUTH_INVALID"' in printed.splitlines()[-1]
    ),
    "calendar": lambda printed: "RRULE:FREQ=WEEKLY;UNTIL=20261231T160000Z\nEND:VEVENT\nEND:VCALENDAR" in printed,
    "export": lambda printed: (
        printed.count('"kind":"project"}') == 1
        and printed.count('"deleted_at":"') == 1
        and '"task","2","\'=1+1"' in printed
        and printed.count("BEGIN:VTODO") == 2
        and "STATUS:CANCELLED" in printed
    ),
    "erase": lambda printed: [text for text in ('"id":1', "\n204\n", '"AUTH_INVALID"') if text not in printed] == [],
    "import_tasks": lambda printed: (
        '{"created":2,"unchanged":0,"rows":[{"row":4,' in printed
        and '{"created":0,"unchanged":2,' in printed
        and '"checklist":[{"title":"Two litres","complete":false}]' in printed
        and '"loc":["body",2,"TYPE"]' in printed.splitlines()[-1]
    ),
    "first": first_task_is_created,
    "token": lambda printed: '"tasks":[' in printed,
    "call": lambda printed: printed.count('"title":"Buy milk"') == 4 and '"count":1' in printed,
    "checklists": lambda printed: '"checklist":[{"title":"Bread","complete":true},{"title":"Milk","c' in printed,
    "pages": lambda printed: printed.count('"title":"Second"') == 2 and '"next_cursor":null' in printed,
    "retry": lambda printed: printed.count('"id":1') == 2 and "idempotency-replayed: true" in printed.lower(),
    "condition": lambda printed: statuses_in(printed) == ["201", "200", "412"],
    "sync": lambda printed: (
        '"changes":[{"id":2,' in printed and '{"id":1,"deleted":true,"revision":3,"kind":"task"}' in printed
    ),
    "stream": lambda printed: re.search(r"^id: \w+\.\d+\ndata: \{", printed, re.MULTILINE),
    "order": lambda printed: re.findall(r'"id":(\d)', printed)[-3:] == ["2", "3", "1"],
    "projects": lambda printed: '"project_id":1' in printed and re.findall(r'"count":1', printed) == ['"count":1'] * 2,
    "project_trash": lambda printed: printed.count('"deleted_at":') == 2 and '"project_id":1,' in printed.split()[-1],
    "project_batch": lambda printed: (
        '"results":[{"id":1,"revision":1},{"id":1,"revision":2},{"id":2,"revision":3},{"id":1,"revision":4}]' in printed
        and '"kind":"project"' in printed
    ),
    "trash": lambda printed: '"deleted_at":' in printed and '"revision":3' in printed,
    "repeat": lambda printed: '["2026-12-04","2026-12-08","2026-12-11"]' in printed and '"successor_id":2' in printed,
    "batch": lambda printed: '"results":[{"id":2,"revision":2},{"id":1,"revision":3},{"id":2,"revision":4}]' in printed,
}


def test_every_block_has_an_expectation() -> None:
    assert sorted(name for _, name in BLOCKS) == sorted(EXPECTATIONS)


@pytest.mark.parametrize(("document", "name"), BLOCKS)
def test_a_block_works_on_its_own(shell: Shell, document: str, name: str) -> None:
    printed = shell.run(code_block(document, f"shell: {name}"))

    assert EXPECTATIONS[name](printed), printed


def test_the_blocks_run_in_reverse_order_in_one_shell(tmp_path: Path) -> None:
    script = "\n".join(
        f"printf '\\n--- {name}\\n'\n{code_block(document, f'shell: {name}')}" for document, name in reversed(BLOCKS)
    )

    with opened_shell(tmp_path) as shell:
        parts = re.split(r"^--- (\w+)\n", shell.run(script), flags=re.MULTILINE)[1:]

    for name, printed in zip(parts[::2], parts[1::2], strict=True):
        assert EXPECTATIONS[name](printed.strip()), printed


@pytest.mark.parametrize(("document", "name"), BLOCKS)
def test_a_block_needs_no_recent_curl(document: str, name: str) -> None:
    block = code_block(document, f"shell: {name}")

    assert "--json" not in block
    assert "%header" not in block


def test_the_example_response_has_the_fields_of_a_response() -> None:
    picture = re.sub("<[^>]*>", "", text_of("docs/images/response.svg"))

    shown = json.loads(re.findall(r"^\{$.*^\}$", html.unescape(picture), re.DOTALL | re.MULTILINE)[0])

    assert list(shown) == list(TaskResponse.model_fields)


@pytest.mark.parametrize(("document", "name", "part"), GENERATED)
def test_a_generated_part_is_up_to_date(document: str, name: str, part: Callable[[], str]) -> None:
    assert text_of(document) == with_generated_part(document, name, part()), "run python -m tests.documents"


def test_the_example_of_settings_is_up_to_date() -> None:
    assert text_of(".env.example") == example_settings(), "run python -m tests.documents"


def test_the_example_of_settings_has_every_setting_with_its_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {})
    lines = re.findall(r"^#(\w+=.*)$", text_of(".env.example"), re.MULTILINE)
    (tmp_path / ".env").write_text("\n".join(lines))

    settings = Settings(_env_file=tmp_path / ".env")

    assert settings == Settings(_env_file=None)
    assert {line.partition("=")[0] for line in lines} == {names_of(name)[-1] for name in Settings.model_fields}


@pytest.mark.parametrize("document", ["README.md", HTTP_API])
def test_every_field_of_a_task_has_its_row(document: str) -> None:
    rows = re.findall(r"^\| (`.*?) \|", text_of(document), re.MULTILINE)

    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert set(TaskResponse.model_fields) <= named


@pytest.mark.parametrize("document", ["README.md", HTTP_API])
def test_the_limits_are_those_of_the_code(document: str) -> None:
    text = text_of(document)
    settings = Settings.model_construct()
    work = Settings.model_construct(auth="secret").user_work_per_second

    assert MAX_BODY_BYTES == MAX_HEAD_BYTES
    assert MAX_LIMIT == MAX_CHANGES
    for limit in (
        f"1–{MAX_TITLE_LENGTH} characters",
        f"up to {MAX_DESCRIPTION_LENGTH} characters",
        f"up to {MAX_TAGS} tags of 1–{MAX_TAG_LENGTH} characters",
        f"up to {MAX_ITEMS} items",
        f"1–{MAX_ITEM_TITLE_LENGTH} characters",
        f"{MAX_BODY_BYTES // 1024} KiB",
        f"{BatchRoute.max_body_bytes // 1024} KiB",
        f"operations in a batch | {MAX_OPERATIONS} |",
        f"on a page | {MAX_LIMIT} |",
        f"{MAX_SEARCH_LENGTH} characters",
        f" {settings.max_open_tasks:,}",
        f" {settings.max_tasks:,}",
        f"requests of a user in progress | {settings.max_in_progress}, and {MAX_WAITING} that wait",
        f"{settings.key_age.days} days",
        f"{settings.deletions_days} days",
        f" {settings.max_trash:,}",
    ):
        assert limit in text
    for limit in (
        f"{MAX_USER_ID_LENGTH} characters",
        f"{settings.max_idempotency_keys:,}, setting `TODO_MAX_IDEMPOTENCY_KEYS`",
        f"{settings.max_deletions:,}, setting `TODO_MAX_DELETIONS`",
        f"streams of a user | {settings.max_streams},",
        f"{work} units per second, {work * BURST_SECONDS} at once",
        f"{OPERATIONS_PER_UNIT} operations of a batch and {TASKS_PER_UNIT} tasks in a response; {ITEMS_PER_TASK} items",
        f"another unit per {BYTES_PER_UNIT // 1024} KiB",
        f"values in the JSON of a body | {MAX_VALUES:,} |",
    ):
        assert limit in text_of(HTTP_API)


def test_the_limits_of_connections_and_of_the_end_are_those_of_the_code() -> None:
    limits, text = Limits(connections=1), text_of("docs/operating/index.md")
    settings = Settings.model_construct()

    assert FINISH_SECONDS < END_SECONDS < 10
    for limit in (
        f"`TODO_MAX_CONNECTIONS`; by default {MOST_CONNECTIONS:,}, or",
        f"`TODO_KEEP_ALIVE_SECONDS`, {settings.keep_alive_seconds:.0f} by default",
        f"TLS handshake; request head | {limits.progress_seconds:.0f} s |",
        f"response that the client reads | {limits.progress_seconds:.0f} s without progress |",
        f"{limits.held_bytes >> 20} MiB per process",
        f"(pipelining) | {MAX_PIPELINED} |",
        f"At most every {LOG_SECONDS:.0f} s, a line `connections ended`",
        f"`TODO_DRAIN_SECONDS` ({settings.drain_seconds:.0f} by default)",
        f"finishes the requests in progress within {FINISH_SECONDS} s",
        "ends within 10 s after the drain",
    ):
        assert limit in text


def test_every_request_and_every_parameter_is_in_the_reference() -> None:
    text = text_of(HTTP_API)
    paths = create_app(Container(settings=Settings.model_construct())).openapi()["paths"]

    for path, methods in paths.items():
        for method in methods:
            assert f"| `{method.upper()} {path}` |" in text
    for name in {**ListParameters.model_fields, **ChangeParameters.model_fields, **RemovalParameters.model_fields}:
        assert f"`{name}`" in text


def test_every_public_name_of_the_domain_is_in_the_api_reference() -> None:
    names = re.findall(r"^::: todo_domain\.(\w+)$", text_of("docs/embedding/api.md"), re.MULTILINE)

    # The module of the ports describes what they have in common.
    assert sorted(set(names) - {"ports"}) == sorted(todo_domain.__all__)


RECORDS = [document for document in DOCUMENTS if re.match(r"docs/decisions/\d", document)]


@pytest.mark.parametrize("record", RECORDS)
def test_a_decision_record_has_all_sections_and_is_in_the_overview(record: str) -> None:
    text, name = text_of(record), Path(record).name
    form = re.match(
        r"# (?P<title>(\d{4})\. .*)\n\n\| \| \|\n\|---\|---\|\n\| Status \| (?P<status>.*) \|\n"
        r"\| Date \| (?P<date>\d{4}-\d\d-\d\d) \|\n",
        text,
    )

    assert form
    assert name.startswith(form[2])
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert [name for name in headings if name != "How to measure"] == [
        "Context",
        "Decision",
        "Consequences",
        "Alternatives",
    ]
    row = f"| [{form['title']}]({name}) | {form['status']} | {form['date']} |"
    assert row in text_of("docs/decisions/index.md")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_to_a_file_has_a_target(document: str) -> None:
    path = ROOT / document

    prose = re.sub(r"^```.*?^```$", "", text_of(document), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\((?!https?:)([^)#]+)", prose)

    assert [link for link in links if not (path.parent / link).exists()] == []


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    listed = re.findall(r'= "([^"]+\.md)"', text_of("zensical.toml"))

    assert sorted(f"docs/{page}" for page in listed) == sorted(set(DOCUMENTS) - {"README.md"})


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_document_claims_that_an_index_has_the_package(document: str) -> None:
    assert "pip install todo-backend" not in text_of(document)
