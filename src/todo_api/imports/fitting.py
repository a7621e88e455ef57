"""Makes tasks of other programs fit: what has no field is added to the description, as far as there is room."""

from collections import Counter
from collections.abc import Iterator, Sequence

from todo_api.imports.loose import LooseTask
from todo_api.imports.report import Report
from todo_api.imports.text import UNTITLED, cleaned, on_one_line, shortened
from todo_api.imports.times import fitting_due, fitting_time, text_of
from todo_api.imports.tree import Family, families_of
from todo_domain import (
    ChecklistItem,
    Due,
    ImportedTask,
    Origin,
    RecurrenceDraft,
    RuleViolated,
    TaskDraft,
    origin_key,
)
from todo_domain.checklist import MAX_ITEM_TITLE_LENGTH, MAX_ITEMS
from todo_domain.draft import MAX_DESCRIPTION_LENGTH, MAX_TAG_LENGTH, MAX_TAGS, MAX_TITLE_LENGTH
from todo_domain.text import fold


def fit(source: str, tasks: Sequence[LooseTask], report: Report) -> Iterator[ImportedTask]:
    """Yield the tasks to import, subtasks as items of checklists."""
    contents: Counter[str] = Counter()
    rows: dict[str, int] = {}
    for family in families_of(tasks, report):
        task, children = family
        if task.in_trash and not report.keeps_trash:
            report.note(task.row, "is deleted, and this server keeps no deleted tasks")
            continue
        key = _key_of(source, family, contents)
        if key in rows:
            report.note(task.row, f"is the same task as row {rows[key]}")
            continue
        rows[key] = task.row
        if on_one_line(task.title) or task.has_details or children:
            origin = Origin(key, *task.own, task.created_at) if task.own and task.created_at else Origin(key)
            yield _Fitting(task, report).fit(origin, children)
        else:
            report.note(task.row, "is empty")


def _key_of(source: str, family: Family, contents: Counter[str]) -> str:
    """Return the key of a task. Tasks with the same content are told apart by their number."""
    task, children = family
    if task.identity[0] == "id":
        return origin_key(source, "task", *task.identity)
    content = origin_key(source, "task", *(part for each in (task, *children) for part in each.identity))
    contents[content] += 1
    return origin_key(source, "task", content, str(contents[content]))


class _Fitting:
    """One task, and what is added to its description."""

    def __init__(self, task: LooseTask, report: Report) -> None:
        self._task = task
        self._report = report
        self._paragraphs: list[str] = []

    def fit(self, origin: Origin, children: Sequence[LooseTask]) -> ImportedTask:
        """Return the task to import."""
        task = self._task
        title = self._title()
        if notes := cleaned(task.notes, task.row, self._report).strip():
            self._paragraphs.append(notes)
        due = self._due()
        recurrence, tags, checklist = self._recurrence(due), self._tags(), self._checklist(children)
        self._paragraphs += task.lines
        for name, text in task.kept_as_text:
            self._keep(name, text)
        created_at, updated_at, completed_at = (
            fitting_time(time, task.row, self._report)
            for time in (task.created_at, task.updated_at, task.completed_at if task.complete else None)
        )
        return ImportedTask(
            origin=origin,
            draft=TaskDraft(
                title=title,
                description=self._description(),
                complete=task.complete,
                priority=task.priority,
                due=due,
                recurrence=recurrence,
                tags=tags,
                checklist=checklist,
            ),
            project=task.project,
            created_at=created_at,
            updated_at=updated_at,
            completed_at=completed_at,
            in_trash=task.in_trash,
        )

    def _keep(self, name: str, text: str, row: int | None = None) -> None:
        self._paragraphs.append(f"{name}: {text}")
        self._report.note(row or self._task.row, f"{name}: there is no field for it, so it is in the description")

    def _title(self) -> str:
        title = on_one_line(cleaned(self._task.title, self._task.row, self._report))
        if not title:
            self._report.note(self._task.row, f"has no title; it is called {UNTITLED}")
        elif len(title) > MAX_TITLE_LENGTH:
            self._paragraphs.append(title)
            message = f"the title has {len(title)} characters; the whole title is in the description"
            self._report.note(self._task.row, message)
        return shortened(title, MAX_TITLE_LENGTH) or UNTITLED

    def _due(self) -> Due | None:
        due, dropped_zone = fitting_due(self._task.due)
        if dropped_zone:
            self._keep("Time zone", dropped_zone)
        return due

    def _recurrence(self, due: Due | None) -> RecurrenceDraft | None:
        recurrence = self._task.recurrence
        if recurrence is None:
            return None
        if due and not self._task.complete:
            try:
                recurrence.anchored(due.date)
            except RuleViolated:
                pass
            else:
                return recurrence
        self._keep("Repeats", recurrence.rule)
        return None

    def _tags(self) -> tuple[str, ...]:
        tags = {fold(tag): tag for tag in map(on_one_line, self._task.tags) if tag}
        fitting = [tag for tag in tags.values() if len(tag) <= MAX_TAG_LENGTH][:MAX_TAGS]
        if others := [tag for tag in tags.values() if tag not in fitting]:
            self._keep("Tags", ", ".join(others))
        return tuple(cleaned(tag, self._task.row, self._report) for tag in fitting)

    def _checklist(self, children: Sequence[LooseTask]) -> tuple[ChecklistItem, ...]:
        items: list[ChecklistItem] = []
        for child in children:
            title = on_one_line(cleaned(child.title, child.row, self._report)) or UNTITLED
            has_room = len(items) < MAX_ITEMS
            if has_room:
                items.append(ChecklistItem(shortened(title, MAX_ITEM_TITLE_LENGTH), child.complete))
            if not has_room or len(title) > MAX_ITEM_TITLE_LENGTH or child.has_details:
                self._keep("Subtask", _details_of(child, title), child.row)
        return tuple(items)

    def _description(self) -> str | None:
        whole = cleaned("\n\n".join(self._paragraphs), self._task.row, self._report)
        if len(whole) > MAX_DESCRIPTION_LENGTH:
            lost = len(whole) - MAX_DESCRIPTION_LENGTH
            self._report.note(
                self._task.row, f"the description has {len(whole)} characters; the last {lost} are not imported"
            )
        return whole[:MAX_DESCRIPTION_LENGTH] or None


def _details_of(child: LooseTask, title: str) -> str:
    details = [title, child.notes, *child.lines, *(f"{name}: {text}" for name, text in child.kept_as_text)]
    if child.due:
        details.append(f"Due: {text_of(child.due)}")
    if child.recurrence:
        details.append(f"Repeats: {child.recurrence.rule}")
    if child.tags:
        details.append(f"Tags: {', '.join(child.tags)}")
    return "\n".join(filter(None, details))
