"""The log handler that never waits for the reader of the log."""

import io
import json
import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from todo_api.server import log_writer
from todo_api.server.log_writer import MAX_WAITING, LogWriter
from todo_api.server.logs import JsonFormatter, log_config


class Stream(io.StringIO):
    """A stream whose reader stops and fails on command."""

    def __init__(self) -> None:
        super().__init__()
        self.may_write = threading.Event()
        self.may_write.set()
        self.is_writing = threading.Event()
        self.is_broken = False

    def write(self, text: str) -> int:
        self.is_writing.set()
        self.may_write.wait(30)
        if self.is_broken:
            raise BrokenPipeError
        return super().write(text)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


def writer_to(stream: Stream) -> LogWriter:
    writer = LogWriter(stream)
    writer.setFormatter(JsonFormatter())
    return writer


def record(message: str = "request", *args: object) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": message, "args": args, "levelname": "INFO"})


def until(reached: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_lines_are_written_in_their_order_before_a_flush_returns() -> None:
    writer = writer_to(stream := Stream())

    for number in range(100):
        writer.handle(record(f"{number}"))
    writer.flush()

    assert [line["event"] for line in stream.lines()] == [str(number) for number in range(100)]
    writer.close()


def test_a_reader_that_stops_delays_no_caller_and_dropped_lines_are_counted() -> None:
    writer = writer_to(stream := Stream())
    stream.may_write.clear()
    writer.handle(record("first"))
    stream.is_writing.wait(30)

    for _ in range(MAX_WAITING + 5):
        writer.handle(record())
    stream.may_write.set()
    until(lambda: len(stream.lines()) >= MAX_WAITING + 2)

    assert {"event": "log lines dropped", "count": 5}.items() <= stream.lines()[-1].items()
    writer.close()


def test_a_flush_takes_a_bounded_time(monkeypatch: Any) -> None:
    monkeypatch.setattr(log_writer, "_FLUSH_SECONDS", 0.05)
    writer = writer_to(stream := Stream())
    stream.may_write.clear()
    writer.handle(record())

    writer.flush()

    assert stream.lines() == []
    stream.may_write.set()
    writer.close()


def test_lines_that_the_system_does_not_take_are_counted_as_dropped() -> None:
    writer = writer_to(stream := Stream())
    stream.is_broken = True
    for _ in range(3):
        writer.handle(record("lost"))
        writer.flush()
    stream.is_broken = False

    writer.handle(record("after"))
    writer.flush()

    assert [(line["event"], line.get("count")) for line in stream.lines()] == [
        ("after", None),
        ("log lines dropped", 3),
    ]
    writer.close()


def test_a_record_that_cannot_be_formatted_is_logged_and_does_not_fail_its_caller() -> None:
    writer = writer_to(stream := Stream())

    writer.handle(record("no place", "for this"))
    writer.flush()

    assert stream.getvalue().startswith("Logging error: Traceback")
    writer.close()


def test_its_thread_ends_when_it_is_closed() -> None:
    before = set(threading.enumerate())
    writer = writer_to(Stream())
    (thread,) = set(threading.enumerate()) - before

    writer.close()

    thread.join(30)
    assert not thread.is_alive()


def test_the_log_of_the_server_uses_it() -> None:
    assert log_config(as_json=True, level="info")["handlers"] == {"stderr": {"()": LogWriter, "formatter": "line"}}


def test_a_full_pipe_stops_the_writer_only() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream, os.fdopen(reading) as reader:
        writer = LogWriter(stream)
        for _ in range(2000):
            writer.handle(record("x" * 100))

        lines = [reader.readline() for _ in range(2000)]
        writer.flush()
        writer.close()

    assert lines == ["x" * 100 + "\n"] * 2000
