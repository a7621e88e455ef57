"""docs/operating/logs.md names every event and every field of the log.

Fields are written where they are logged, in a dictionary with the name `fields`, or in one that
a function whose name ends in `_fields` returns.
"""

import ast
import re
from collections.abc import Iterator

from tests.documents import ROOT, text_of

LEVELS = {"info", "warning", "error", "exception", "log"}
PAGE = text_of("docs/operating/logs.md")


def modules_that_log() -> Iterator[ast.AST]:
    for path in (ROOT / "src").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "import logging" in text and "contract" not in path.parts:
            yield from ast.walk(ast.parse(text))


def dictionaries_of_fields(node: ast.AST) -> Iterator[ast.AST | None]:
    """Yield what gives `fields` its value in this node of the code."""
    match node:
        case ast.Dict():
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "fields":
                    yield value
        case ast.Assign(targets=[ast.Name(id="fields")]) | ast.AnnAssign(target=ast.Name(id="fields")):
            yield node.value
        case ast.FunctionDef() if node.name.endswith("_fields"):
            yield from (each for each in ast.walk(node) if isinstance(each, ast.Dict))


def events_of(node: ast.AST) -> Iterator[str]:
    """Yield the events that this node logs."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="_log" | "_LOG"), attr=attr)) if attr in LEVELS:
            yield from (str(each.value) for each in node.args if isinstance(each, ast.Constant))
        case ast.Dict():
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "msg" and isinstance(value, ast.Constant):
                    yield str(value.value)


def first_column(heading: str) -> set[str]:
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return {name for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for name in re.findall("`(.*?)`", row)}


def test_the_page_has_every_event_and_no_other() -> None:
    logged = {event for node in modules_that_log() for event in events_of(node)}

    assert "a worker died" in logged
    assert first_column("Events") == logged


def test_the_page_has_every_field_and_no_other() -> None:
    dictionaries = [found for node in modules_that_log() for found in dictionaries_of_fields(node)]
    keys = [key for each in dictionaries if isinstance(each, ast.Dict) for key in each.keys]

    fields = {key.value for key in keys if isinstance(key, ast.Constant)}
    assert "user_agent" in fields
    assert first_column("Fields") == fields | {"time", "level", "event", "traceback"}
