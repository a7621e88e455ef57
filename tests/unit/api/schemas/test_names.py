"""For an unknown name, the API suggests the name that was probably meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from todo_api.schemas.feed_parameters import ChangeParameters
from todo_api.schemas.names import probably_meant
from todo_api.schemas.parameters import ListParameters
from todo_api.schemas.task_bodies import TaskCreate

FIELDS = frozenset(TaskCreate.model_fields)
PARAMETERS = frozenset(ListParameters.model_fields)


@pytest.mark.parametrize(
    ("meant", "names"),
    [
        ("complete", ["completed", "is_completed", "isCompleted", "done", "status", "Complete", "compelte"]),
        ("due", ["due_date", "dueDate", "due-date", "deadline", "Due"]),
        ("title", ["titel", "name", "Title", "TITLE"]),
        ("description", ["notes", "desciption"]),
        ("tags", ["tag", "labels"]),
        ("priority", ["priorty"]),
    ],
)
def test_a_field_name_of_other_apis_suggests_ours(meant: str, names: list[str]) -> None:
    assert [probably_meant(name, FIELDS) for name in names] == [meant] * len(names)


@pytest.mark.parametrize(
    ("meant", "names"),
    [
        ("complete", ["completed", "is_completed", "done", "status"]),
        ("q", ["search", "query", "keyword"]),
        ("sort", ["sort_by", "sortBy", "order", "order_by", "orderBy"]),
        ("cursor", ["offset", "page", "skip"]),
        ("limit", ["per_page", "perPage", "page_size", "pageSize"]),
        ("due_from", ["dueFrom", "due_date"]),
        ("due_until", ["dueUntil", "due_before"]),
        ("tag", ["tags", "label"]),
    ],
)
def test_a_parameter_name_of_other_apis_suggests_ours(meant: str, names: list[str]) -> None:
    assert [probably_meant(name, PARAMETERS) for name in names] == [meant] * len(names)


def test_the_suggestion_depends_on_the_known_names() -> None:
    assert probably_meant("cursor", frozenset(ChangeParameters.model_fields)) == "since"


@pytest.mark.parametrize("name", ["", "x", "user", "owner_name", "t" * 60_000])
def test_a_name_like_no_known_one_has_no_suggestion(name: str) -> None:
    assert probably_meant(name, FIELDS) is None
    assert probably_meant(name, frozenset()) is None


@given(st.text(max_size=40))
def test_a_suggestion_is_always_a_known_name(name: str) -> None:
    assert probably_meant(name, FIELDS) in {None, *FIELDS}
