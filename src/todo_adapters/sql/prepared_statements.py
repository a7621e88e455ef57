"""What a session of PostgreSQL has prepared, and what it will."""

from collections import OrderedDict
from itertools import count
from typing import Final

from todo_adapters.sql.dialects import Statement

Shape = tuple[Statement, tuple[int, ...]]
"""A statement and the types of its values, which together are what is prepared."""

MAX_PREPARED: Final = 100
_MAX_COUNTED: Final = 1000


class PreparedStatements:
    """The names of the hundred shapes that were used last, of those used more than `threshold` times.

    A threshold of None prepares nothing.
    """

    def __init__(self, threshold: int | None) -> None:
        self.threshold = threshold
        self._names: OrderedDict[Shape, bytes] = OrderedDict()
        self._uses: dict[Shape, int] = {}
        self._numbers = count()

    def use(self, shape: Shape) -> bytes | None:
        """Return the name of a shape that is prepared, and count its use."""
        name = self._names.get(shape)
        if name:
            self._names.move_to_end(shape)
        return name

    def is_due(self, shape: Shape) -> bool:
        """Count the use of a shape that is not prepared, and say whether it is to be."""
        if self.threshold is None:
            return False
        if len(self._uses) == _MAX_COUNTED:
            self._uses.clear()
        uses = self._uses[shape] = self._uses.get(shape, 0) + 1
        return uses > self.threshold

    def surplus(self) -> bytes | None:
        """Return the name to close before another one is prepared, and forget it."""
        return self._names.popitem(last=False)[1] if len(self._names) == MAX_PREPARED else None

    def new_name(self) -> bytes:
        """Return a name that was never given."""
        return b"s%d" % next(self._numbers)

    def keep(self, shape: Shape, name: bytes) -> None:
        """Note that a shape is prepared."""
        self._uses.pop(shape, None)
        self._names[shape] = name
