import re
from datetime import date

import pytest

from todo_adapters.sql import projects, purging, statements, trash
from todo_adapters.sql.dialects import POSTGRESQL, SQLITE, Dialect, Statement
from todo_adapters.sql.feed import KINDS, changes
from todo_adapters.sql.listing import list_statement
from todo_adapters.sql.tables import store
from todo_domain import Kind, Priority, SortKey, TaskQuery, UserId

ALICE = UserId("alice")
both = pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=["sqlite", "postgresql"])
in_every_order = pytest.mark.parametrize(
    ("sort", "descending"), [(sort, descending) for sort in SortKey for descending in (False, True)]
)


NAMED = {name: value for module in (statements, purging, trash, projects) for name, value in vars(module).items()}


def parameters_of(sql: Statement) -> set[str]:
    return set(sql.names) | set(re.findall(r"(?<!:):([a-z]\w*)", sql))  # :name, not ::TYPE


@both
@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        ("GET", {"user_id", "id"}),
        ("GET_SOME", {"user_id", "ids"}),
        ("COUNTERS", {"user_id"}),
        ("REVISIONS", {"user_ids"}),
        ("KEY", {"user_id", "key"}),
        ("EPOCH", set()),
        ("RENEW_EPOCH", {"epoch", "revision_floor"}),
        ("OLD_KEYS", {"before", "limit"}),
        ("FORGET_KEY", {"user_id", "key"}),
        ("OLD_DELETIONS", {"before", "limit"}),
        ("FORGET_DELETION", {"user_id", "id"}),
        ("OLD_KEYS_OF_USER", {"user_id", "before", "limit"}),
        ("COUNT_FORGOTTEN_KEY", {"user_id", "forgotten"}),
        ("OLDEST_DELETIONS_OF_USER", {"user_id", "limit"}),
        ("COUNT_FORGOTTEN_DELETION", {"user_id", "forgotten", "forgotten_revision", "in_trash"}),
        ("GET_STATES", {"user_id", "ids"}),
        ("TRASH", {"user_id", "before", "limit"}),
        ("OLD_TRASH", {"since", "before", "limit"}),
        ("OLDEST_TRASH_OF_USER", {"user_id", "up_to", "limit"}),
        ("ERASE", {*purging.ERASED_VALUES}),
        ("COUNT_ERASED", {"user_id", "erased"}),
        ("ERASE_PROJECTS_OF_USER", {"user_id", "up_to", *projects.ERASED_PROJECT}),
        ("OLD_TRASHED_PROJECTS", {"since", "before", "limit"}),
    ],
)
def test_a_statement_has_exactly_the_documented_parameters(
    dialect: Dialect, statement: str, parameters: set[str]
) -> None:
    sql = dialect.compile(NAMED[statement])

    assert parameters_of(sql) == parameters


@both
@pytest.mark.parametrize("kinds", KINDS)
def test_a_statement_of_the_feed_has_the_same_parameters_for_all_kinds(
    dialect: Dialect, kinds: frozenset[Kind]
) -> None:
    assert parameters_of(dialect.compile(changes(store, kinds))) == {"user_id", "since", "limit"}


@both
@in_every_order
def test_a_list_statement_has_a_value_for_each_of_its_parameters(
    dialect: Dialect,
    sort: SortKey,
    descending: bool,  # noqa: FBT001 - pytest passes by name
) -> None:
    query = TaskQuery(
        complete=True,
        priority=frozenset(Priority),
        tag=("a", "b"),
        due_from=date(2026, 1, 1),
        due_until=date(2026, 12, 31),
        q="milk",
        sort=sort,
        descending=descending,
    )

    sql, values = list_statement(dialect, ALICE, query)

    assert parameters_of(sql) == set(values)


@both
def test_queries_that_differ_only_in_values_share_a_statement(dialect: Dialect) -> None:
    first, _ = list_statement(dialect, ALICE, TaskQuery(tag=("home",), limit=5))
    second, _ = list_statement(dialect, UserId("bob"), TaskQuery(tag=("garden",), limit=7))

    assert first is second


@both
def test_no_value_of_a_caller_is_part_of_a_statement(dialect: Dialect) -> None:
    text = "x' OR 1=1 --"

    sql, values = list_statement(dialect, ALICE, TaskQuery(q=text, tag=(text,)))

    assert "OR 1=1" not in sql
    assert values["q"] == text.casefold()


def test_values_for_postgresql_are_in_the_order_of_its_numbered_parameters() -> None:
    sql = POSTGRESQL.compile(statements.GET)

    values = sql.in_order({"id": 7, "user_id": ALICE, "of no use": None})

    assert [sql.index("$1") < sql.index("$2"), "$3" in sql, "%(" in sql] == [True, False, False]
    assert values == [ALICE, 7]
