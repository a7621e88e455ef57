"""Imports over HTTP: a file is checked in a process of its own, and then written in parts."""

import asyncio
import gzip
import io
import os
import pickle
import stat
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.api.asgi import app_in_memory, client_of, send_request
from tests.integration.api.problems import places, refusal
from tests.integration.server import token_of
from tests.unit.api.imports.reading import NOW, file
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_api.app import App
from todo_api.http import uploads, user_limits
from todo_api.imports import process
from todo_api.imports.formats import Format
from todo_api.routes import imports
from todo_domain import Quotas, RuleViolated

PATH = "/api/alice/import"
LINE = b'{"kind":"task","title":"%d"}\n'


def upload(app: App, content: Any, form: str | None = "ndjson", **request: Any) -> httpx.Response:
    query = f"?format={form}" if form else ""
    return send_request(app, "POST", f"{PATH}{query}", content=content, **request)


def titles(app: App) -> list[str]:
    response = send_request(app, "GET", "/api/alice/tasks")
    return [task["title"] for task in response.json()["tasks"]]


@pytest.fixture
def app() -> App:
    return app_in_memory()


def test_a_file_is_imported_once_and_what_does_not_fit_is_reported(app: App) -> None:
    first, again = (upload(app, file("takeout.json"), "takeout") for _ in range(2))

    notes = [
        {"row": 5, "msg": "Subtask: there is no field for it, so it is in the description"},
        {"row": 3, "msg": "Link: there is no field for it, so it is in the description"},
        {"row": 6, "msg": "is empty"},
    ]
    assert (first.status_code, first.json()) == (
        200,
        {"created": 5, "unchanged": 0, "rows": notes, "rows_omitted": 0},
    )
    assert again.json() == {"created": 0, "unchanged": 5, "rows": notes, "rows_omitted": 0}
    assert sorted(titles(app)) == ["Jarred peppers", "Plan the trip"]


def fill(app: App) -> None:
    send_request(app, "POST", "/api/alice/projects", json={"name": "Home"})
    recurring = {"due": {"date": "2026-12-01"}, "recurrence": {"rule": "FREQ=DAILY"}, "project_id": 1}
    for fields in ({"tags": ["t"], "checklist": [{"title": "c"}]}, {"complete": True}, recurring, {}):
        send_request(app, "POST", "/api/alice/tasks", json={"title": "a", **fields})
    send_request(app, "DELETE", "/api/alice/tasks/4")


def everything(app: App) -> list[bytes]:
    return [send_request(app, "GET", f"/api/alice/{part}").content for part in ("tasks", "projects", "trash")]


@pytest.mark.parametrize("form", ["ndjson", "ical"])
def test_an_export_of_the_own_list_changes_nothing(app: App, form: str) -> None:
    fill(app)
    exported = send_request(app, "GET", f"/api/alice/export?format={form}").content
    send_request(app, "PATCH", "/api/alice/tasks/1", json={"title": "changed"})
    send_request(app, "DELETE", "/api/alice/tasks/2")
    before = everything(app)

    response = upload(app, exported, form)

    counts = {name: response.json()[name] for name in ("created", "unchanged")}
    assert counts == {"created": 0, "unchanged": 5}
    assert everything(app) == before


def test_an_export_moves_a_list_to_another_account(app: App) -> None:
    fill(app)
    exported = send_request(app, "GET", "/api/alice/export").content
    as_bob = {"token": token_of("bob")}

    response = send_request(app, "POST", "/api/bob/import?format=ndjson", content=exported, **as_bob)

    assert response.json() == {"created": 5, "unchanged": 0, "rows": [], "rows_omitted": 0}
    for part in ("tasks", "trash"):
        moved, original = (
            [
                {name: value for name, value in task.items() if name not in {"user_id", "revision", "deleted_at"}}
                for task in send_request(app, "GET", f"/api/{user}/{part}", **token).json()["tasks"]
            ]
            for user, token in (("bob", as_bob), ("alice", {}))
        )
        assert moved == original


def test_a_file_with_a_fault_imports_nothing_and_names_the_rows(app: App) -> None:
    response = upload(app, LINE % 1 + b'{"kind":"task"}\nx', None, headers={"Content-Type": "application/x-ndjson"})

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["body", 2, "title"], ["body", 3]]
    assert titles(app) == []


def test_a_file_that_is_no_text_has_no_row(app: App) -> None:
    response = upload(app, gzip.compress(b"a" * 1_000_000), "todoist")

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["body"]]


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {}),
        ("", {"Content-Type": "application/json"}),
        ("", {"Content-Type": "text/csv; charset=latin-1"}),
        ("?format=ndjson", {"Content-Type": "multipart/form-data; boundary=x"}),
        ("?format=ndjson", {"Content-Encoding": "gzip"}),
    ],
)
def test_a_file_without_a_format_or_in_a_coding_is_refused(app: App, query: str, headers: dict[str, str]) -> None:
    response = send_request(app, "POST", f"{PATH}{query}", content=LINE % 1, headers=headers)

    assert refusal(response) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_an_unknown_format_is_refused(app: App) -> None:
    response = upload(app, LINE % 1, "xlsx")

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["query", "format"]]


async def parts(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * (1 << 20)


@pytest.mark.parametrize("content", [b"x" * (uploads.MAX_FILE_BYTES + 1), parts(11)], ids=["announced", "chunked"])
def test_a_file_over_10_mib_is_refused(app: App, content: Any) -> None:
    assert refusal(upload(app, content)) == (413, "PAYLOAD_TOO_LARGE")


def test_an_import_beyond_a_quota_imports_nothing(app: App) -> None:
    repository = app.container.task_repository()
    assert isinstance(repository, InMemoryTaskRepository)
    repository.quotas = Quotas(max_open_tasks=150)

    response = upload(app, b"".join(LINE % number for number in range(151)))

    assert refusal(response) == (403, "QUOTA_EXCEEDED")
    assert titles(app) == []


def test_an_import_is_paced_by_the_work_of_its_user(monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_in_memory(work_per_second=1000)
    charged: dict[str, list[float]] = {"charge_operations": [], "charge_check": [], "charge_bytes": []}
    for name, amounts in charged.items():
        monkeypatch.setattr(user_limits.Usage, name, lambda _, amount, amounts=amounts: amounts.append(amount))
    content = b"".join(LINE % number for number in range(150))

    response = upload(app, content)

    assert response.json()["created"] == 150
    assert charged["charge_operations"] == [50, 25] * 2
    assert charged["charge_bytes"] == [len(content)]
    assert [seconds > 0 for seconds in charged["charge_check"]] == [True]


def test_a_check_costs_twice_its_time() -> None:
    now = 100.0
    usage = user_limits.UserLimits(user_limits.Bounds(10, 10, 100), lambda: now).usage_of("alice")

    usage.charge_check(2)

    assert not usage.is_idle()
    now += 4.001
    assert usage.is_idle()


def test_a_user_has_one_import_at_a_time_and_others_wait_for_no_one(app: App) -> None:
    with app.container.user_limits().usage_of("alice").importing():
        refused = upload(app, LINE % 1)

    assert refusal(refused) == (429, "RATE_LIMITED")
    assert refused.headers["RateLimit-Policy"].startswith('"imports";q=1')
    assert upload(app, LINE % 1).json()["created"] == 1


def test_an_import_is_refused_if_other_files_are_checked_for_long(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "_WAIT_SECONDS", 0.01)
    checks = app.container.import_checks()

    async def occupied() -> httpx.Response:
        async with checks, client_of(app) as client:
            return await client.post(f"{PATH}?format=ndjson", content=LINE % 1)

    assert refusal(asyncio.run(occupied())) == (503, "OVERLOADED")


async def check_by(program: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check a file by another program instead of ours."""
    script = folder / "check"
    script.write_text(f"#!/bin/sh\n{program}\n")
    script.chmod(stat.S_IRWXU)
    monkeypatch.setattr(sys, "executable", str(script))
    with tempfile.TemporaryFile() as upload_file, tempfile.TemporaryFile() as checked:
        await process.check_apart(upload_file, checked, Format.NDJSON, now=NOW, keeps_trash=True)


def test_all_uploads_together_have_a_bound(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_SPACE_BYTES", 100)

    refused = upload(app, LINE % 1 * 5)

    assert refusal(refused) == (503, "OVERLOADED")
    assert upload(app, LINE % 1 * 2).status_code == 200


def test_a_check_that_is_killed_by_a_limit_refuses_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuleViolated, match="too much time or memory"):
        asyncio.run(check_by("kill -9 $$", tmp_path, monkeypatch))


def test_a_check_that_is_stopped_does_not_refuse_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not by SIGINT, which processes ignore that were started in the background.
    with pytest.raises(TimeoutError):
        asyncio.run(check_by("kill -TERM $$", tmp_path, monkeypatch))


@pytest.mark.parametrize("place", [(tempfile, "tempdir"), (sys, "executable")], ids=["file", "process"])
def test_a_system_without_a_file_or_process_for_the_check_can_import_later(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: tuple[Any, str]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(*place, str(tmp_path / "missing"))
        assert refusal(upload(app, LINE % 1)) == (500, "DATABASE_ERROR")

    assert upload(app, LINE % 1).status_code == 200


def test_a_check_that_fails_is_an_error_of_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError, match="status 3"):
        asyncio.run(check_by("exit 3", tmp_path, monkeypatch))


def test_a_check_that_gets_no_processor_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_SECONDS", 0.05)

    with pytest.raises(TimeoutError):
        asyncio.run(check_by("exec sleep 60", tmp_path, monkeypatch))


def test_the_process_of_a_check_ends_with_its_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def cancel() -> None:
        checking = asyncio.create_task(check_by(f"echo $$ > {tmp_path}/pid; exec sleep 60", tmp_path, monkeypatch))
        for _ in range(1000):
            if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
                break
            await asyncio.sleep(0.01)
        checking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await checking

    asyncio.run(cancel())

    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_file_that_needs_too_much_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhaust(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(process, "check", exhaust)
    checked = io.BytesIO()

    process.write_checked(b"x", checked, "ndjson", NOW.isoformat(), "1")

    checked.seek(0)
    assert [fault.code for fault in pickle.load(checked).faults] == ["too_large"]
