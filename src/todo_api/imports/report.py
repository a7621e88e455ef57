"""What is found in a file while it is read: faults, because of which nothing is imported, and notes."""

import sys
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from todo_domain import Violation

MAX_ROWS: Final = 20_000
"""The most rows of a file that is uploaded: enough for one of 10 MiB with rows of 500 bytes."""
MAX_REPORTED: Final = 100
"""The most faults or notes that are reported."""


class Note(NamedTuple):
    """What is not imported of a row, or not as it is in the file. It never contains text of the file."""

    row: int
    msg: str


class FileRefused(Exception):
    """Raised when reading ends because of faults."""


@dataclass(slots=True)
class Report:
    """Collects notes and faults.

    A row is a line of NDJSON, a row of a spreadsheet, or else an item of the file, counted from 1.

    - now: the time of the import
    - keeps_trash: whether items in the trash are imported
    - note_count: how many notes there are, also those that are not kept
    """

    now: datetime
    max_rows: int = sys.maxsize
    keeps_trash: bool = True
    row_count: int = 0
    notes: list[Note] = field(default_factory=list)
    note_count: int = 0
    faults: list[Violation] = field(default_factory=list)

    def note(self, row: int, msg: str) -> None:
        """Add a note."""
        self.note_count += 1
        if len(self.notes) < MAX_REPORTED:
            self.notes.append(Note(row, msg))

    def fault(self, row: int, msg: str, *place: str | int, code: str = "import_row") -> None:
        """Add a fault of a row. Raises FileRefused if there are many."""
        self.faults.append(Violation((row, *place), code, msg))
        if len(self.faults) >= MAX_REPORTED:
            raise FileRefused

    def refuse(self, msg: str, code: str = "import_file") -> FileRefused:
        """Add a fault of the whole file, and return the error to raise."""
        self.faults.append(Violation((), code, msg))
        return FileRefused()

    def next_row(self) -> int:
        """Return the number of the next row. Raises FileRefused if there are too many."""
        self.row_count += 1
        if self.row_count > self.max_rows:
            raise self.refuse(f"the file must have at most {self.max_rows} rows; split it", "too_many_rows")
        return self.row_count
