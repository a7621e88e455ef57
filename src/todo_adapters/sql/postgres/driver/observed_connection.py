"""A connection whose statements a program observes. Without an observer, this module is not used and costs nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.rows import TupleRow

from todo_adapters.sql.dialects import Statement
from todo_adapters.sql.observer import Observe
from todo_adapters.sql.postgres.driver.connection import Connection, Step


def observed_by(observe: Observe) -> type[Connection]:
    """Return the type of connections that this observer is told of."""

    class ObservedConnection(Connection):
        async def run(self, statement: Statement, values: Mapping[str, Any]) -> list[TupleRow]:
            with observe([statement]):
                return await super().run(statement, values)

        async def run_all(self, steps: Sequence[Step]) -> list[list[TupleRow]]:
            with observe([statement for statement, _ in steps]):
                return await super().run_all(steps)

    return ObservedConnection
