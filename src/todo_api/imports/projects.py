"""Makes projects of other programs fit."""

from datetime import datetime

from todo_api.imports.report import Report
from todo_api.imports.text import UNTITLED, cleaned, on_one_line, shortened
from todo_api.imports.times import fitting_time
from todo_domain import ImportedProject, Origin, ProjectDraft
from todo_domain.project import MAX_NAME_LENGTH


def fit_project(  # noqa: PLR0913 - the fields of a project, by name
    origin: Origin,
    name: str,
    row: int,
    report: Report,
    *,
    archived: bool = False,
    created_at: datetime | None = None,
    updated_at: datetime | None = None,
    by_name: bool = False,
) -> ImportedProject:
    """Return the project to import; a name that is too long is cut."""
    line = on_one_line(cleaned(name, row, report)) or UNTITLED
    if len(line) > MAX_NAME_LENGTH:
        report.note(row, f"the name of the project has {len(line)} characters; it was cut to {MAX_NAME_LENGTH}")
    updated_at = fitting_time(updated_at, row, report)
    return ImportedProject(
        origin=origin,
        draft=ProjectDraft(name=shortened(line, MAX_NAME_LENGTH), archived=archived),
        created_at=fitting_time(created_at, row, report) or updated_at,
        updated_at=updated_at,
        by_name=by_name,
    )
