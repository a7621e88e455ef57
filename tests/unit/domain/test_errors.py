import re

import todo_domain.errors
from todo_domain import BatchFailed, PreconditionFailed, RuleViolated, TaskNotFound, TodoError, TokenRejected, Violation

TITLE = Violation(("title",), "text_too_short", "must have 1 to 200 characters")
THIRD_TAG = Violation(("tags", 2), "text_type", "must be text")


def parents(error: type[TodoError]) -> dict[str, str]:
    children = [child for child in error.__subclasses__() if child.__module__ == "todo_domain.errors"]
    found = {child.__name__: error.__name__ for child in children}
    for child in children:
        found |= parents(child)
    return found


def test_the_hierarchy_is_the_documented_one() -> None:
    drawn, ancestors = {}, ["TodoError"]
    for branch, name in re.findall(r"^([│ ]*[├└]── )(\w+)", str(todo_domain.errors.__doc__), re.MULTILINE):
        depth = len(branch) // 4
        drawn[name] = ancestors[depth - 1]
        ancestors[depth:] = [name]

    assert drawn == parents(TodoError)


def test_a_violation_names_its_field() -> None:
    assert str(RuleViolated([TITLE])) == "title: must have 1 to 200 characters"


def test_all_violations_are_reported_at_once() -> None:
    error = RuleViolated([TITLE, THIRD_TAG])

    assert str(error) == "title: must have 1 to 200 characters; tags.2: must be text"
    assert error.violations == (TITLE, THIRD_TAG)


def test_a_violation_can_be_placed_in_a_larger_value() -> None:
    error = RuleViolated([THIRD_TAG]).at("operations", 7)

    assert error.violations == (Violation(("operations", 7, "tags", 2), "text_type", "must be text"),)


def test_a_failed_batch_names_the_operation_and_keeps_its_error() -> None:
    cause = TaskNotFound(42)

    error = BatchFailed(3, cause)

    assert str(error) == "operation 3: no task 42"
    assert (error.index, error.cause) == (3, cause)


def test_a_failed_precondition_has_the_current_revision() -> None:
    error = PreconditionFailed(17)

    assert str(error) == "the current revision is 17"
    assert error.current == 17


def test_a_rejected_token_keeps_the_reason_for_the_log() -> None:
    assert TokenRejected("expired").reason == "expired"
