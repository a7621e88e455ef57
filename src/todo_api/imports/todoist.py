"""The CSV of Todoist's export of a project.

See https://www.todoist.com/help/articles/import-or-export-a-project-as-a-csv-file-in-todoist-YC8YvN
"""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from todo_api.imports.fitting import fit
from todo_api.imports.loose import LooseTask
from todo_api.imports.report import Report
from todo_api.imports.times import due_at, instant_of
from todo_domain import Due, ImportedItem, Priority

# 4 is the priority of a task that was given none.
_PRIORITIES: Final = {
    "1": Priority.HIGH,
    "2": Priority.HIGH,
    "3": Priority.MEDIUM,
    "4": Priority.MEDIUM,
    "": Priority.MEDIUM,
}
_INDENTS: Final = {"": 1, **{str(depth): depth for depth in range(1, 10)}}
_LABEL: Final = re.compile(r"(?:(?<=\s)|^)@(\S+)")
_DATE: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:(?:[T ]| at )(\d?\d:\d\d)(:\d\d(?:\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?")
# What describes a task is in a field or in the description; the others are about the export.
_TEXT: Final = {"DEADLINE": "Deadline", "DURATION": "Duration", "RESPONSIBLE": "Responsible"}
_IGNORED: Final = frozenset({"AUTHOR", "DATE_LANG", "DEADLINE_LANG", "IS_COLLAPSED", "DURATION_UNIT", "META"})
_READ: Final = frozenset({"TYPE", "CONTENT", "DESCRIPTION", "PRIORITY", "INDENT", "DATE", "TIMEZONE"})
MAX_CELL: Final = 65_536


def read(text: str, report: Report) -> Iterable[ImportedItem]:
    """Return the tasks of a project."""
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    tasks: list[LooseTask] = []
    try:
        names = [name.strip().upper() for name in next(reader)]
        report.next_row()
        if not {"TYPE", "CONTENT"} <= set(names):
            raise report.refuse("this is not a CSV of Todoist: the first row must have the columns TYPE and CONTENT")
        section = ""
        for cells in reader:
            row = report.next_row()
            values = dict(zip(names, map(str.strip, cells), strict=False))
            kind = values["TYPE"].lower() if values else ""
            if kind == "task":
                tasks.append(_task(values, row, section, tasks, report))
            elif kind == "section":
                section = values.get("CONTENT", "")
                report.note(row, "is a section: its name is in the descriptions of its tasks")
            elif kind == "note":
                _add_comment(values, row, tasks, report)
            elif kind not in ("", "meta"):
                report.fault(row, "must be task, section, note or meta", "TYPE")
    except csv.Error:
        raise report.refuse(f"this is not CSV: see line {reader.line_num}", "csv") from None
    return fit("todoist", tasks, report)


def _task(values: Mapping[str, str], row: int, section: str, tasks: list[LooseTask], report: Report) -> LooseTask:
    content = values.get("CONTENT", "")
    labels = _LABEL.findall(content)
    task = LooseTask(
        row=row,
        place=str(row),
        identity=("content", *values.values()),
        title=" ".join(_LABEL.sub("", content).split()) or content,
        notes=values.get("DESCRIPTION", ""),
        priority=_known(_PRIORITIES, values, "PRIORITY", row, report),
        tags=labels,
        lines=[f"Section: {section}"] if section else [],
    )
    indent = _known(_INDENTS, values, "INDENT", row, report)
    if indent and indent > 1:
        if tasks:
            # The parent, or the first task of the family: all of them become items of the same checklist.
            task.parent = tasks[-1].parent or tasks[-1].place
        else:
            report.note(row, "the task that it is a part of is not in the file")
        task.lines = []
    _read_date(values, task)
    values = {**values, "DURATION": f"{values.get('DURATION', '')} {values.get('DURATION_UNIT', '')}".strip()}
    for name, value in values.items():
        if value and name not in _READ | _IGNORED:
            task.kept_as_text.append((_TEXT.get(name, "Other"), value))
    return task


def _read_date(values: Mapping[str, str], task: LooseTask) -> None:
    """Read a date in the format of ISO 8601. Any other is prose, in the language of the user."""
    text, zone = values.get("DATE", ""), values.get("TIMEZONE") or None
    found = _DATE.fullmatch(text)
    day, clock, _, offset = found.groups() if found else (None, None, None, None)
    try:
        if offset and (time := instant_of(text.replace(" at ", " "))):
            task.due = due_at(time, zone)
        elif day and clock:
            task.due = Due(dt.date.fromisoformat(day), dt.time.fromisoformat(clock.rjust(5, "0")), zone)
        elif day:
            task.due = Due(dt.date.fromisoformat(day))
    except ValueError:
        pass
    if text and not task.due:
        task.kept_as_text.append(("Date", text))


def _add_comment(values: Mapping[str, str], row: int, tasks: list[LooseTask], report: Report) -> None:
    if not tasks:
        report.note(row, "is a comment on the project, which is not imported")
        return
    about = ", ".join(filter(None, (values.get("AUTHOR"), values.get("DATE"))))
    comment = f"Comment ({about})" if about else "Comment"
    tasks[-1].lines.append(f"{comment}: {values.get('CONTENT', '')}")
    tasks[-1].identity += tuple(values.values())
    report.note(row, "is a comment: it is in the description of its task")


def _known(known: Mapping[str, Any], values: Mapping[str, str], name: str, row: int, report: Report) -> Any:
    value = values.get(name, "")
    if value not in known:
        report.fault(row, f"must be one of {', '.join(filter(None, known))}", name)
    return known.get(value, known[""])
