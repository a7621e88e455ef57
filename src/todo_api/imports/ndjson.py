"""Our own export: an object in each line, as in the change feed; `deleted_at` is set in the trash."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

import todo_domain as domain
from todo_api.imports.report import Report
from todo_api.imports.times import fitting_time
from todo_api.schemas.faults import faults_of, violation_of
from todo_api.schemas.formats import Day, Id, Instant
from todo_api.schemas.projects import ProjectCreate
from todo_api.schemas.task_bodies import TaskCreate
from todo_domain import ImportedItem, ImportedProject, ImportedTask, Origin, RuleViolated, Violation, origin_key
from todo_domain.imported import MAX_ORIGIN_ID

_SOURCE: Final = "todo-backend"
MAX_LINE: Final = 1 << 19
"""Enough for the largest task with every character escaped."""
_LAST: Final = "\x7f"
"""Sorts after every position."""


class _Anchored(BaseModel):
    anchor: Day | None = None


class _Stored(BaseModel):
    """The fields of a task or a project that only an import takes over: requests ignore them."""

    model_config = ConfigDict(strict=True, extra="ignore")

    id: Id | None = None
    user_id: str = ""
    position: str = _LAST
    created_at: Instant | None = None
    updated_at: Instant | None = None
    completed_at: Instant | None = None
    deleted_at: Instant | None = None
    recurrence: _Anchored | None = None

    def origin(self, kind: str, line: str) -> Origin:
        """Return what identifies the item: its id and its time of creation, otherwise its content."""
        if self.id is None or self.created_at is None:
            return Origin(origin_key(_SOURCE, kind, "content", line))
        identity = (self.user_id, str(self.id), self.created_at.isoformat())
        key = origin_key(_SOURCE, kind, "id", *identity)
        if self.id > MAX_ORIGIN_ID:
            return Origin(key)
        return Origin(key, self.user_id, self.id, self.created_at)


_Item = TypeVar("_Item", ImportedProject, ImportedTask)
_Row = tuple[int, Any, _Stored, Origin]
"""The number of a line, its draft, the other fields, and the origin."""


def read(text: str, report: Report) -> Iterable[ImportedItem]:
    """Return the projects, then the tasks, both in the order of their positions."""
    projects: list[_Row] = []
    tasks: list[_Row] = []
    for line in text.split("\n"):
        row = report.next_row()
        if not line.strip():
            continue
        if len(line) > MAX_LINE:
            report.fault(row, f"must have at most {MAX_LINE} characters", code="too_long")
            continue
        try:
            values = orjson.loads(line)
        except orjson.JSONDecodeError:
            report.fault(row, "is not JSON", code="json")
            continue
        if not isinstance(values, dict) or values.get("kind") not in ("task", "project"):
            report.fault(row, "must be an object whose kind is task or project", code="kind")
        elif values.get("deleted") is True:
            report.note(row, "is a deletion, and has nothing to import")
        else:
            found, model = (tasks, TaskCreate) if values["kind"] == "task" else (projects, ProjectCreate)
            if (read_row := _read_row(model, values, row, line, report)) and _is_kept(read_row[2], row, report):
                found.append(read_row)
    for several in (projects, tasks):
        several.sort(key=lambda each: each[2].position.encode("utf-8", "surrogatepass"))
    origins = {stored.id: origin for _, _, stored, origin in projects}
    yield from filter(None, (_project(*each, report) for each in projects))
    yield from filter(None, (_task(*each, origins, report) for each in tasks))


def _read_row(
    model: type[TaskCreate | ProjectCreate], values: dict[str, Any], row: int, line: str, report: Report
) -> _Row | None:
    """Return what a line has, None if it has faults."""
    if "move" in values:
        report.fault(row, "is not a field here", "move", code="unknown_field")
    try:
        draft: Any = model.model_validate(values).as_domain
    except (ValidationError, RuleViolated):
        _add_faults(report, row, faults_of(model, values))
        return None
    try:
        stored = _Stored.model_validate(values)
    except ValidationError as refused:
        _add_faults(report, row, map(violation_of, refused.errors(include_url=False, include_input=False)))
        return None
    return row, draft, stored, stored.origin(values["kind"], line.strip())


def _is_kept(stored: _Stored, row: int, report: Report) -> bool:
    if stored.deleted_at is None or report.keeps_trash:
        return True
    report.note(row, "is in the trash, and this server keeps no deleted tasks")
    return False


def _project(
    row: int, draft: domain.ProjectDraft, stored: _Stored, origin: Origin, report: Report
) -> ImportedProject | None:
    return _checked(partial(ImportedProject, draft=draft), row, stored, origin, ("created_at", "updated_at"), report)


def _task(  # noqa: PLR0913, PLR0917 - a row, and what it refers to
    row: int,
    draft: domain.TaskDraft,
    stored: _Stored,
    origin: Origin,
    projects: Mapping[int | None, Origin],
    report: Report,
) -> ImportedTask | None:
    project = projects.get(draft.project_id) if isinstance(draft.project_id, int) else None
    if draft.project_id is not None and project is None:
        report.note(row, "its project is not in the file, so it is imported without a project")
    make = partial(
        ImportedTask,
        draft=replace(draft, project_id=None),
        project=project,
        anchor=stored.recurrence.anchor if stored.recurrence else None,
    )
    return _checked(make, row, stored, origin, ("created_at", "updated_at", "completed_at"), report)


def _checked(  # noqa: PLR0913, PLR0917 - a row
    make: Callable[..., _Item], row: int, stored: _Stored, origin: Origin, times: Iterable[str], report: Report
) -> _Item | None:
    try:
        return make(
            origin=origin,
            in_trash=stored.deleted_at is not None,
            **{name: fitting_time(getattr(stored, name), row, report) for name in times},
        )
    except RuleViolated as violated:
        _add_faults(report, row, violated.violations)
        return None


def _add_faults(report: Report, row: int, violations: Iterable[Violation]) -> None:
    for violation in violations:
        report.fault(row, violation.message, *violation.field, code=violation.code)
