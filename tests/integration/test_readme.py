"""What the README says is what happens."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents import ROOT, code_block
from todo_api.http import problems
from todo_api.settings import Settings, names_of

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = ["call", "retry", "condition", "sync", "stream", "batch"]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What each block of the README prints, run one after the other against a server of its own."""
    home = tmp_path_factory.mktemp("home")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"HOME": str(home), "PATH": path, "TODO_DATABASE_URL": str(home / "tasks.sqlite3"), "TODO_PORT": "0"}
    environment |= {name: value for name, value in os.environ.items() if name.startswith("COV")}
    with subprocess.Popen(["todo-api", "serve"], env=environment, text=True, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout
            url = re.search(r"at (http\S+)/docs", server.stdout.readline())
            assert url, "the server did not say where it is"
            script = "\n".join(
                f"printf '\\n--- {name}\\n'\n{code_block('README.md', f'shell: {name}')}" for name in ["first", *BLOCKS]
            ).replace("http://127.0.0.1:8000", url[1])
            run = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", script],
                env=environment,
                text=True,
                capture_output=True,
                check=False,
            )
            assert run.returncode == 0, run.stderr
            parts = re.split(r"^--- (\w+)\n", run.stdout, flags=re.MULTILINE)[1:]
            yield dict(zip(parts[::2], parts[1::2], strict=True))
        finally:
            server.terminate()


def test_the_curl_lines_create_read_change_find_and_delete(answers: dict[str, str]) -> None:
    text = answers["call"]

    assert text.count('"title":"Buy milk"') == 2
    assert text.count('"title":"Buy oat milk"') == 3
    assert '"complete":true' in text
    assert '"count":1' in text


def test_the_second_of_two_equal_requests_is_a_replay(answers: dict[str, str]) -> None:
    text = answers["retry"]

    assert text.count('"title":"Call Bob"') == 2
    assert text.lower().count("idempotency-replayed: true") == 1


def test_the_second_of_two_conditional_changes_is_refused(answers: dict[str, str]) -> None:
    statuses = re.findall(r"HTTP/1.1 (\d+)", answers["condition"])

    assert statuses == ["200", "412"]


def test_a_sync_from_the_last_token_has_nothing_new(answers: dict[str, str]) -> None:
    assert '"changes":[]' in answers["sync"]


def test_the_stream_sends_events(answers: dict[str, str]) -> None:
    assert re.search(r"^id: \w+\.\d+\ndata: \{", answers["stream"], re.MULTILINE)


def test_the_batch_answers_each_operation(answers: dict[str, str]) -> None:
    assert answers["batch"].count('"revision":') == 2


def test_every_setting_has_its_row() -> None:
    rows = {f"| `{names_of(name)[-1]}` | {field.description} |" for name, field in Settings.model_fields.items()}

    assert rows == set(re.findall(r"^\| `[A-Z_]+` \| .*\|$", README, re.MULTILINE))


def test_every_error_has_its_row() -> None:
    kinds = [kind for kind in vars(problems).values() if isinstance(kind, problems.ProblemType)]

    rows = {f"| {kind.status} | `{kind.error_code}` | {kind.title} |" for kind in kinds}

    assert rows == set(re.findall(r"^\| \d+ \| `[A-Z_]+` \| .*\|$", README, re.MULTILINE))


@pytest.mark.parametrize("document", ["README.md", *sorted(map(str, (ROOT / "docs").rglob("*.md")))])
def test_every_link_to_a_file_leads_somewhere(document: str) -> None:
    path = ROOT / document

    links = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8"))

    assert [link for link in links if not (path.parent / link).exists()] == []
