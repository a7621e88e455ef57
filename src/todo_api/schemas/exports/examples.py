"""Examples of exports, for the documentation. A test compares them with what the formats write."""

from collections.abc import Mapping
from typing import Final

# ruff: noqa: E501
EXAMPLES: Final[Mapping[str, str]] = {
    "ndjson": """\
{"id":1,"user_id":"alice","name":"Household","archived":false,"position":"a1","created_at":"2026-11-21T09:30:00.123456Z","updated_at":"2026-11-21T09:30:00.123456Z","revision":1,"kind":"project"}
{"id":1,"user_id":"alice","title":"Buy milk","description":null,"complete":false,"completed_at":null,"priority":"medium","due":{"date":"2026-12-01","time":"17:00","timezone":null},"recurrence":null,"tags":["shop"],"checklist":[{"title":"Ask for oat milk","complete":true}],"project_id":1,"position":"a1","successor_id":null,"created_at":"2026-11-21T09:30:00.123456Z","updated_at":"2026-11-21T09:30:00.123456Z","revision":2,"kind":"task"}
{"id":2,"user_id":"alice","title":"Water the plants","description":null,"complete":false,"completed_at":null,"priority":"medium","due":null,"recurrence":null,"tags":[],"checklist":[],"project_id":null,"position":"a2","successor_id":null,"created_at":"2026-11-21T09:30:00.123456Z","updated_at":"2026-11-21T09:30:00.123456Z","revision":4,"kind":"task","deleted_at":"2026-11-22T09:30:00.123456Z"}
""",
    "csv": """\
"kind","id","title","description","complete","completed_at","priority","due_date","due_time","due_timezone","recurrence","recurrence_from","tags","checklist","project_id","position","successor_id","created_at","updated_at","revision","project","archived","deleted_at"
"project","1","Household","","","","","","","","","","","","","a1","","2026-11-21T09:30:00.123456Z","2026-11-21T09:30:00.123456Z","1","","false",""
"task","1","Buy milk","","false","","medium","2026-12-01","17:00","","","","shop","[x] Ask for oat milk","1","a1","","2026-11-21T09:30:00.123456Z","2026-11-21T09:30:00.123456Z","2","Household","",""
"task","2","Water the plants","","false","","medium","","","","","","","","","a2","","2026-11-21T09:30:00.123456Z","2026-11-21T09:30:00.123456Z","4","","","2026-11-22T09:30:00.123456Z"
""",
    "ical": """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//todo-backend//todo-backend//EN
NAME:Tasks
X-WR-CALNAME:Tasks
BEGIN:VTODO
UID:task-1@alice
DTSTAMP:20261121T093000Z
LAST-MODIFIED:20261121T093000Z
CREATED:20261121T093000Z
SUMMARY:Buy milk
DESCRIPTION:[x] Ask for oat milk
PRIORITY:5
CATEGORIES:shop
STATUS:NEEDS-ACTION
DUE:20261201T170000
X-TODO-PROJECT:Household
END:VTODO
BEGIN:VTODO
UID:task-2@alice
DTSTAMP:20261121T093000Z
LAST-MODIFIED:20261121T093000Z
CREATED:20261121T093000Z
SUMMARY:Water the plants
PRIORITY:5
STATUS:CANCELLED
END:VTODO
END:VCALENDAR
""",
}
