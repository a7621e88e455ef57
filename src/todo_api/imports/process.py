"""The check of an uploaded file in a process of its own.

There, a hostile file can neither hold up the event loop nor exhaust the memory of the server. The process reads the
file from its standard input, and writes a CheckResult and the parts to its standard output, each as a pickle.
"""

import asyncio
import os
import pickle  # nosec: only this program writes what is read here
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Final

from todo_api.imports.formats import Format, check, parts_of
from todo_api.imports.report import MAX_ROWS, Note, Report
from todo_domain import ImportedItem, RuleViolated, Violation

_SECONDS: Final = 45
"""The longest time for a check, also if it has to wait for a processor."""
_CPU_SECONDS: Final = 10
_MEMORY_BYTES: Final = 1 << 30
_LOWER_PRIORITY: Final = 10
_STOPPED: Final = (-signal.SIGINT, -signal.SIGTERM)
"""The statuses of a process that is stopped together with the server, as by Ctrl+C: the file has no fault."""
_TOO_LARGE: Final = Violation((), "too_large", "checking the file takes too much time or memory; split it")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What the check of a file has found: faults, or notes, and how many notes there are."""

    faults: tuple[Violation, ...] = ()
    notes: tuple[Note, ...] = ()
    note_count: int = 0


class CheckedFile:
    """The items of a file that has no fault, in parts. They are read from a temporary file each time."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._file.seek(0)
        self.result: CheckResult = self._read()
        self._start = self._file.tell()

    def __iter__(self) -> Iterator[Sequence[ImportedItem]]:
        self._file.seek(self._start)
        with suppress(EOFError):
            while True:
                yield self._read()

    def _read(self) -> Any:
        return pickle.load(self._file)  # noqa: S301 - only this program writes it


def cpu_seconds() -> float:
    """Return the processor time of all checks of this process that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


async def check_apart(
    upload: BinaryIO, checked: BinaryIO, form: Format, *, now: datetime, keeps_trash: bool
) -> CheckedFile:
    """Check an uploaded file, write what it has to another temporary file, and return that.

    Raises RuleViolated with the faults, and TimeoutError if the check is stopped or gets too little processor time.
    """
    upload.seek(0)
    arguments = (form.value, now.isoformat(), str(int(keeps_trash)))
    # Without the working directory in the path of modules (-P), which may have modules of the same names.
    command = [sys.executable, "-P", "-m", "todo_api.imports", *arguments]
    # A process of asyncio would leave its transport open if the loop ends right after it.
    process = subprocess.Popen(command, stdin=upload, stdout=checked, stderr=subprocess.DEVNULL)  # noqa: ASYNC220, S603
    ended = asyncio.ensure_future(asyncio.to_thread(process.wait))
    try:
        async with asyncio.timeout(_SECONDS):
            status = await asyncio.shield(ended)
    except (TimeoutError, asyncio.CancelledError):
        process.kill()
        await ended
        raise
    if status in _STOPPED:
        raise TimeoutError
    if status < 0:
        raise RuleViolated([_TOO_LARGE])
    if status:
        raise RuntimeError(f"the check of a file ended with status {status}")
    file = await asyncio.to_thread(CheckedFile, checked)
    if file.result.faults:
        raise RuleViolated(file.result.faults)
    return file


def main() -> None:
    """Check the file on the standard input within limits."""
    signal.setitimer(signal.ITIMER_PROF, _CPU_SECONDS)  # its signal ends the process
    # Not every system has these, and a hardened service may not set them.
    with suppress(ValueError, OSError):
        os.nice(_LOWER_PRIORITY)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    write_checked(sys.stdin.buffer.read(), sys.stdout.buffer, *sys.argv[1:])


def write_checked(content: bytes, checked: BinaryIO, form: str, now: str, keeps_trash: str) -> None:
    """Write what the check of a file has found, then the parts."""
    report = Report(datetime.fromisoformat(now), MAX_ROWS, keeps_trash=keeps_trash == "1")
    items: Sequence[ImportedItem] = ()
    try:
        items = check(content, Format(form), report)
        result = CheckResult((), tuple(report.notes), report.note_count)
    except RuleViolated as violated:
        result = CheckResult(violated.violations)
    except MemoryError:
        result = CheckResult((_TOO_LARGE,))
    for each in (result, *parts_of(items)):
        pickle.dump(each, checked)
