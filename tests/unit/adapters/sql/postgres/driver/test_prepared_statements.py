from todo_adapters.sql.dialects import Statement
from todo_adapters.sql.postgres.driver.prepared_statements import MAX_PREPARED, PreparedStatements


def select(number: int) -> Statement:
    return Statement(f"SELECT {number}", ())


def test_a_statement_is_due_when_it_was_used_more_often_than_the_threshold() -> None:
    statements = PreparedStatements(2)

    assert [statements.is_due(select(1)) for _ in range(3)] == [False, False, True]


def test_without_a_threshold_nothing_is_due() -> None:
    assert not PreparedStatements(None).is_due(select(1))


def test_of_too_many_the_one_used_longest_ago_is_closed() -> None:
    statements = PreparedStatements(0)
    for number in range(MAX_PREPARED):
        assert statements.surplus() is None
        statements.keep(select(number), b"s%d" % number)
    statements.use(select(0))

    assert statements.surplus() == b"s1"
    assert statements.use(select(1)) is None
    assert statements.use(select(0)) == b"s0"


def test_no_name_is_given_twice() -> None:
    statements = PreparedStatements(0)

    assert len({statements.new_name() for _ in range(1000)}) == 1000


def test_uses_are_counted_without_filling_memory() -> None:
    statements = PreparedStatements(1)

    statements.is_due(select(0))
    for number in range(1, 1001):
        statements.is_due(select(number))

    assert not statements.is_due(select(0)), "it was forgotten, and begins anew"
