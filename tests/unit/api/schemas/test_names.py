"""A name that the API doesn't know is met with the one that was probably meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from todo_api.schemas.names import probably_meant
from todo_api.schemas.parameters import ChangeParameters, ListParameters
from todo_api.schemas.tasks import TaskCreate

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
def test_a_field_of_another_api_leads_to_ours(meant: str, names: list[str]) -> None:
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
def test_a_parameter_of_another_api_leads_to_ours(meant: str, names: list[str]) -> None:
    assert [probably_meant(name, PARAMETERS) for name in names] == [meant] * len(names)


def test_what_is_meant_depends_on_what_is_known() -> None:
    assert probably_meant("cursor", frozenset(ChangeParameters.model_fields)) == "since"


@pytest.mark.parametrize("name", ["", "x", "user", "owner_name", "t" * 60_000])
def test_a_name_that_is_like_no_other_leads_nowhere(name: str) -> None:
    assert probably_meant(name, FIELDS) is None
    assert probably_meant(name, frozenset()) is None


@given(st.text(max_size=40))
def test_what_is_meant_is_always_known(name: str) -> None:
    assert probably_meant(name, FIELDS) in {None, *FIELDS}
