"""Which statements a session of PostgreSQL has prepared, and which it should prepare."""

from collections import OrderedDict
from itertools import count
from typing import Final

from todo_adapters.sql.dialects import Statement

MAX_PREPARED: Final = 100
_MAX_COUNTED: Final = 1000


class PreparedStatements:
    """The prepared statements of one session: at most 100, each used more than `threshold` times before.

    The one that was not used for the longest time makes room for a new one. A threshold of
    None prepares nothing.
    """

    def __init__(self, threshold: int | None) -> None:
        self.threshold = threshold
        self._names: OrderedDict[Statement, bytes] = OrderedDict()
        self._uses: dict[Statement, int] = {}
        self._numbers = count()

    def use(self, statement: Statement) -> bytes | None:
        """Return the name of a prepared statement and note its use, or return None."""
        name = self._names.get(statement)
        if name:
            self._names.move_to_end(statement)
        return name

    def is_due(self, statement: Statement) -> bool:
        """Count the use of a statement that is not prepared, and return whether to prepare it now."""
        if self.threshold is None:
            return False
        if len(self._uses) == _MAX_COUNTED:
            self._uses.clear()
        uses = self._uses[statement] = self._uses.get(statement, 0) + 1
        return uses > self.threshold

    def surplus(self) -> bytes | None:
        """Forget a statement that has to be closed before another one is prepared, and return its name."""
        return self._names.popitem(last=False)[1] if len(self._names) == MAX_PREPARED else None

    def new_name(self) -> bytes:
        """Return a name that was not used before."""
        return b"s%d" % next(self._numbers)

    def keep(self, statement: Statement, name: bytes) -> None:
        """Note that a statement is prepared."""
        self._uses.pop(statement, None)
        self._names[statement] = name
