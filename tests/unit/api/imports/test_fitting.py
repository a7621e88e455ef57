"""Values that no field can have are kept in the description as far as there is room, and reported."""

import json
from typing import Any

from tests.unit.api.imports.reading import notes_of, tasks_of
from todo_api.imports.formats import Format
from todo_domain import ImportedTask


def one(**values: Any) -> str:
    return many({"id": 1, **values})


def many(*tasks: Any) -> str:
    return json.dumps([{"id": 1, "title": "P", "tasks": tasks}])


def task_of(**values: Any) -> ImportedTask:
    (task,) = tasks_of(Format.VIKUNJA, one(**values))
    return task


def test_a_long_title_is_whole_in_the_description() -> None:
    title = "t" * 500

    task = task_of(title=title, description="d")

    assert (task.draft.title, task.draft.description) == (f"{'t' * 199}…", f"{title}\n\nd")
    assert notes_of(Format.VIKUNJA, one(title=title)) == [
        (2, "the title has 500 characters; the whole title is in the description")
    ]


def test_a_long_description_is_cut_and_the_rest_is_counted() -> None:
    content = one(title="a", description="d" * 16_383)

    (task,) = tasks_of(Format.VIKUNJA, content)

    assert task.draft.description == "d" * 1000
    assert notes_of(Format.VIKUNJA, content) == [
        (2, "the description has 16383 characters; the last 15383 are not imported")
    ]


def test_line_breaks_and_control_characters_in_a_title_are_removed() -> None:
    content = one(title="a\x07\nb\tc")

    assert tasks_of(Format.VIKUNJA, content)[0].draft.title == "a b c"
    assert notes_of(Format.VIKUNJA, content) == [(2, "control characters were removed")]


def test_a_task_without_a_title_is_untitled_and_an_empty_one_is_left_out() -> None:
    content = many({"id": 1, "title": "\u200b", "description": "d"}, {"id": 2, "title": " "})

    (task,) = tasks_of(Format.VIKUNJA, content)

    assert task.draft.title == "Untitled"
    assert notes_of(Format.VIKUNJA, content) == [(2, "has no title; it is called Untitled"), (3, "is empty")]


def test_tags_that_do_not_fit_are_kept_as_text() -> None:
    labels = [{"title": f"t{number}"} for number in range(22)] + [{"title": "T1"}, {"title": ""}, {"title": "l" * 51}]

    task = task_of(title="a", labels=labels)

    assert len(task.draft.tags) == 20
    assert task.draft.description == f"Tags: t20, t21, {'l' * 51}"


def test_subtasks_that_do_not_fit_are_kept_as_text() -> None:
    related = {"parenttask": [{"id": 1}]}
    children = [{"id": number, "title": f"{number}", "related_tasks": related} for number in range(2, 103)]
    children[0] |= {"title": "c" * 201, "labels": [{"title": "x"}], "due_date": "2026-12-01T08:00:00Z"}
    children[0] |= {"repeat_after": 86_400, "start_date": "2026-11-30T08:00:00Z", "description": "n"}
    content = many({"id": 1, "title": "a"}, *children, {"id": 999, "title": " ", "related_tasks": related})

    (task,) = tasks_of(Format.VIKUNJA, content)

    assert len(task.draft.checklist) == 100
    assert task.draft.checklist[0].title == f"{'c' * 199}…"
    assert task.draft.description == (
        f"Subtask: {'c' * 201}\nn\nStarts: 2026-11-30T08:00:00+00:00\nDue: 2026-12-01 08:00 UTC\n"
        "Repeats: FREQ=DAILY;INTERVAL=1\nTags: x\n\nSubtask: 102\n\nSubtask: Untitled"
    )


def test_a_recurrence_without_a_due_is_kept_as_text() -> None:
    assert task_of(title="a", repeat_after=86_400).draft.description == "Repeats: FREQ=DAILY;INTERVAL=1"


def test_a_time_of_the_future_becomes_that_of_the_import() -> None:
    task = task_of(title="a", created="2027-01-01T00:00:00Z", updated="not a time", done=True, done_at="2026-01-01")

    assert (task.created_at, task.updated_at) == (None, None)
    assert task.completed_at is not None
