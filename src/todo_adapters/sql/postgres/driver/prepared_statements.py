"""What a session of PostgreSQL has prepared, and what it will."""

from collections import OrderedDict
from itertools import count
from typing import Final

from todo_adapters.sql.dialects import Statement

MAX_PREPARED: Final = 100
_MAX_COUNTED: Final = 1000


class PreparedStatements:
    """The names of the hundred statements that were used last, of those used more than `threshold` times.

    A threshold of None prepares nothing.
    """

    def __init__(self, threshold: int | None) -> None:
        self.threshold = threshold
        self._names: OrderedDict[Statement, bytes] = OrderedDict()
        self._uses: dict[Statement, int] = {}
        self._numbers = count()

    def use(self, statement: Statement) -> bytes | None:
        """Return the name of a statement that is prepared, and keep it for longer."""
        name = self._names.get(statement)
        if name:
            self._names.move_to_end(statement)
        return name

    def is_due(self, statement: Statement) -> bool:
        """Count the use of a statement that is not prepared, and say whether it is to be."""
        if self.threshold is None:
            return False
        if len(self._uses) == _MAX_COUNTED:
            self._uses.clear()
        uses = self._uses[statement] = self._uses.get(statement, 0) + 1
        return uses > self.threshold

    def surplus(self) -> bytes | None:
        """Return the name to close before another one is prepared, and forget it."""
        return self._names.popitem(last=False)[1] if len(self._names) == MAX_PREPARED else None

    def new_name(self) -> bytes:
        """Return a name that was never given."""
        return b"s%d" % next(self._numbers)

    def keep(self, statement: Statement, name: bytes) -> None:
        """Note that a statement is prepared."""
        self._uses.pop(statement, None)
        self._names[statement] = name
