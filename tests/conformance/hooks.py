"""What Schemathesis can't learn from the OpenAPI document."""

import os
from typing import Any, Final
from uuid import uuid4
from zoneinfo import available_timezones

import schemathesis
from hypothesis import strategies as st

schemathesis.openapi.format("time-zone", st.sampled_from(sorted(available_timezones() - {"localtime"})))
rules = ["FREQ=DAILY", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "FREQ=MONTHLY;BYDAY=-1FR;COUNT=3"]
schemathesis.openapi.format("recurrence-rule", st.sampled_from(rules))
# Registered as formats, because Schemathesis generates header values only from letters and digits.
schemathesis.openapi.format("feed-token", st.from_regex(r"[a-z0-9]{1,32}\.(0|[1-9][0-9]{0,14})", fullmatch=True))
entity_tags = st.from_regex(r'(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*', fullmatch=True)
schemathesis.openapi.format("entity-tags", st.just("*") | entity_tags)

# OpenAPI 3.1 can describe a stream only as text, not its events.
EVENT: Final = {
    "type": "object",
    "required": ["id", "data"],
    "properties": {
        "id": {"type": "string", "format": "feed-token"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {
                "anyOf": [
                    {"$ref": f"#/components/schemas/{name}"}
                    for name in ("TaskChange", "DeletedChange", "ProjectChange")
                ]
            },
        },
    },
}


@schemathesis.hook
def before_load_schema(_context: Any, document: dict[str, Any]) -> None:
    """Set the user id and the schema of an event, and remove limits that ignore trimming."""
    _drop_limits_of_trimmed_text(document)
    for path in document["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] == "user_id":
                    parameter["schema"] = {"type": "string", "enum": [os.environ["USER_ID"]]}
    stream = document["paths"]["/api/{user_id}/changes/stream"]["get"]["responses"]["200"]["content"]
    stream["text/event-stream"]["schema"] = EVENT


def _drop_limits_of_trimmed_text(part: Any) -> None:
    """Drop `maxLength` where the server trims: white space may exceed it. The patterns still limit the text."""
    if isinstance(part, dict):
        if "not counted" in str(part.get("description")):
            part.pop("maxLength", None)
        part = list(part.values())
    for each in part if isinstance(part, list) else ():
        _drop_limits_of_trimmed_text(each)


@schemathesis.hook
def before_call(_context: Any, case: Any, _options: Any) -> None:
    """Give every valid request a new idempotency key, and remove cursors and tokens that the server never issued."""
    if case.meta.generation.mode.is_positive:
        headers, query = case.headers or {}, case.query or {}
        if "Idempotency-Key" in headers:
            headers["Idempotency-Key"] = str(uuid4())
        headers.pop("Last-Event-ID", None)
        query.pop("lastEventId", None)
        query.pop("since", None)
        query.pop("cursor", None)
        _complete_tasks(case.body)
        if isinstance(case.body, dict) and "scopes" in case.body:
            # The schema can't say which scopes can be combined, and which times are in the next year.
            case.body |= {"scopes": ["tasks:read"], "expires_at": None}


def _complete_tasks(body: Any) -> None:
    """Complete every due and recurrence, and replace anchors, projects and references.

    The schema can't say which parts and tasks are stored, and what earlier operations create.
    """
    if isinstance(body, dict) and isinstance(body.get("move"), dict):
        body["move"] = "last"
    if isinstance(body, dict) and isinstance(body.get("id"), dict):
        body["id"] = 1
    if isinstance(body, dict) and "op" in body:
        body.pop("ref", None)
    if isinstance(body, dict) and body.get("project_id") is not None:
        body["project_id"] = None
    if isinstance(body, dict) and isinstance(body.get("recurrence"), dict):
        if body["recurrence"].get("rule") not in rules:  # the pattern says only which parts a rule can have
            body["recurrence"]["rule"] = rules[0]
        body |= {"complete": False, "due": body.get("due") or {"date": "2026-12-01"}}
    elif isinstance(body, dict) and "due" in body and body["due"] is None:
        body["recurrence"] = None
    for value in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        if isinstance(value, dict) and value.keys() <= {"date", "time", "timezone"}:
            value |= {"date": value.get("date") or "2026-12-01", "time": value.get("time") or "17:00"}
        _complete_tasks(value)
