"""Files that are not what they seem, or far too large, are refused, in linear time."""

import json

import pytest

from tests.unit.api.imports.reading import faults_of, notes_of, read
from todo_api.imports.formats import MEDIA_TYPES, Format
from todo_api.imports.report import MAX_REPORTED
from todo_api.schemas.imports import ImportParameters

every_format = pytest.mark.parametrize("form", Format)

STRANGE = {
    "a ZIP archive": b"PK\x03\x04" + b"\x00" * 100,
    "compressed": b"\x1f\x8b\x08\x00",
    "UTF-16": "TYPE,CONTENT\ntask,a".encode("utf-16"),
    "UTF-16 in the other order": b"\xfe\xff\x00T",
    "NUL characters": b"TYPE,CONTENT\x00",
    "Latin-1": "TYPE,CONTENT\ntask,für".encode("latin-1"),
    "only surrogates": "a\ud800".encode("utf-8", "surrogatepass"),
}


@every_format
@pytest.mark.parametrize("content", STRANGE)
def test_a_file_in_another_encoding_is_refused(form: Format, content: str) -> None:
    assert faults_of(form, STRANGE[content]) == [((), "encoding")]


@every_format
@pytest.mark.parametrize("content", [b"", b" \n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(form: Format, content: bytes) -> None:
    assert faults_of(form, content) == [((), "empty")]


MAX_ROWS = 30
ROWS = MAX_ROWS + 1
MANY = {
    Format.NDJSON: "{}\n" * ROWS,
    Format.TODOIST: "TYPE,CONTENT\n" + "task,a\n" * ROWS,
    Format.VIKUNJA: f'[{{"tasks": [{",".join(["{}"] * ROWS)}]}}]',
    Format.TAKEOUT: f'{{"kind": "tasks#taskLists", "items": [{{"items": [{",".join(["{}"] * ROWS)}]}}]}}',
    Format.ICAL: "BEGIN:VCALENDAR\n" + "BEGIN:VTODO\nEND:VTODO\n" * ROWS,
}


@every_format
def test_too_many_rows_are_refused(form: Format) -> None:
    content = MANY[form].replace("{}", '{"kind": "task", "title": "a"}') if form is Format.NDJSON else MANY[form]

    assert faults_of(form, content, max_rows=MAX_ROWS) == [((), "too_many_rows")]


@every_format
def test_reading_ends_at_many_faults(form: Format) -> None:
    garbage = {
        Format.NDJSON: "x\n" * 100_000,
        Format.TODOIST: "TYPE,CONTENT\n" + "x,y\n" * 100_000,
        Format.VIKUNJA: json.dumps([7] * 100_000),
        Format.TAKEOUT: json.dumps({"kind": "tasks#taskLists", "items": [7] * 100_000}),
        Format.ICAL: "BEGIN:VCALENDAR\n" + "BEGIN:VTODO\nx\nEND:VTODO\n" * 100_000,
    }

    assert len(faults_of(form, garbage[form])) == MAX_REPORTED


def test_notes_are_counted_but_only_some_are_kept() -> None:
    _, report = read(Format.TODOIST, "TYPE,CONTENT,DATE\n" + "task,a,every day\n" * 150)

    assert (len(report.notes), report.note_count) == (MAX_REPORTED, 150)


def test_no_note_has_text_of_the_file() -> None:
    content = "TYPE,CONTENT,DATE,SECRET\nsection,SECRET,SECRET,SECRET\ntask,SECRET,SECRET,SECRET\nnote,SECRET"

    assert "SECRET" not in str(notes_of(Format.TODOIST, content))


def test_the_query_and_the_media_types_name_the_formats() -> None:
    for form in Format:
        assert ImportParameters(format=form.value).as_domain is None
    assert set(MEDIA_TYPES.values()) == {Format.NDJSON, Format.TODOIST, Format.ICAL}
