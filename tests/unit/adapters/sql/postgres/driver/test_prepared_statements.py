from todo_adapters.sql.dialects import Statement
from todo_adapters.sql.postgres.driver.prepared_statements import MAX_PREPARED, PreparedStatements


def select(number: int) -> Statement:
    return Statement(f"SELECT {number}", ())


def test_a_statement_is_due_after_more_uses_than_the_threshold() -> None:
    statements = PreparedStatements(2)

    assert [statements.is_due(select(1)) for _ in range(3)] == [False, False, True]


def test_without_a_threshold_no_statement_is_due() -> None:
    assert not PreparedStatements(None).is_due(select(1))


def test_beyond_the_maximum_the_least_recently_used_statement_is_closed() -> None:
    statements = PreparedStatements(0)
    for number in range(MAX_PREPARED):
        assert statements.surplus() is None
        statements.keep(select(number), b"s%d" % number)
    statements.use(select(0))

    assert statements.surplus() == b"s1"
    assert statements.use(select(1)) is None
    assert statements.use(select(0)) == b"s0"


def test_every_prepared_statement_has_a_unique_name() -> None:
    statements = PreparedStatements(0)

    assert len({statements.new_name() for _ in range(1000)}) == 1000


def test_the_number_of_counted_statements_is_limited() -> None:
    statements = PreparedStatements(1)

    statements.is_due(select(0))
    for number in range(1, 1001):
        statements.is_due(select(number))

    assert not statements.is_due(select(0)), "its count must have been dropped"
