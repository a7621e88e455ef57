"""Strategies for the state machine: few values of each kind, so that ids, keys, requests and states often coincide."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import hypothesis.strategies as st

from todo_adapters.contract.field_values import (
    CONDITION_VALUES,
    DAY,
    DRAFT_VALUES,
    NEXT_DAY,
    PATCH_VALUES,
)
from todo_adapters.contract.scenario import noon_plus
from todo_domain import (
    TASKS,
    Batch,
    Create,
    CreateProject,
    Due,
    DuePatch,
    Erase,
    Kind,
    Move,
    Operation,
    Patch,
    PatchProject,
    Priority,
    ProjectDraft,
    ProjectPatch,
    RecurrenceDraft,
    Ref,
    Remove,
    RemoveProject,
    Restore,
    RestoreProject,
    SortKey,
    TaskDraft,
    TaskPatch,
)
from todo_domain.text import is_visible

LETTERS = st.characters(min_codepoint=0x20, exclude_categories=["Cs"])
TEXTS = st.text(LETTERS, min_size=1, max_size=4)

USERS = st.integers(0, 2)
TASK_IDS = st.integers(1, 6)
TIMES = st.integers(-5, 5).map(lambda quarters: noon_plus(quarters / 4))
KEYS = st.sampled_from([None, "k", "K", "l"])
CHANCES = st.booleans()
RARELY = st.integers(0, 5).map(lambda n: n == 5)
REVISIONS = st.integers(0, 12)
LIMITS = st.integers(1, 3)
FROM_TRASH = st.sampled_from([Restore, Restore, Erase])
EXPECTED = st.none() | REVISIONS.map(lambda bound: frozenset(range(bound)))


def some_of(values: Mapping[str, list[Any]]) -> dict[str, st.SearchStrategy[Any]]:
    """Return a strategy for each field."""
    return {name: st.sampled_from(few) for name, few in values.items()}


# A recurrence needs a due, so that no other draft than the one with both has one.
_INDEPENDENT = {name: values for name, values in DRAFT_VALUES.items() if name != "recurrence"}


DRAFTS = st.sampled_from(
    [
        TaskDraft(title="a"),
        TaskDraft(title="A", description="", due=Due(DAY)),
        TaskDraft(title="a", due=Due(DAY), recurrence=RecurrenceDraft("FREQ=DAILY")),
        TaskDraft(title="\uff5e", description="SS_", complete=True, priority=Priority.LOW, tags=("a", "%")),
        TaskDraft(title="😀ß", priority=Priority.HIGH, due=Due(DAY, dt.time(9), "Asia/Tokyo"), tags=("A", "ß")),
        TaskDraft(title="İI\u0307", description="\U00010400%", due=Due(NEXT_DAY, dt.time(0, 0))),
    ]
) | st.builds(TaskDraft, **some_of(_INDEPENDENT) | {"title": TEXTS.filter(is_visible)})
FIRST_DRAFTS = st.lists(DRAFTS, min_size=3, max_size=3)
FIRST_BATCH = Batch((CreateProject(ProjectDraft(name="a")), Patch(1, TaskPatch(project_id=1))))
PATCHES = st.sampled_from(
    [
        TaskPatch(complete=True),
        TaskPatch(complete=False),
        TaskPatch(title="a"),
        TaskPatch(title="Ss", tags=("B", "a"), priority=Priority.HIGH),
        TaskPatch(description="\U00010428", due=Due(DAY)),
        TaskPatch(description=None, due=None),
        TaskPatch(complete=True, due=DuePatch(time=dt.time(18))),
        TaskPatch(due=DuePatch(date=NEXT_DAY, timezone="Asia/Tokyo")),
        TaskPatch(due=DuePatch(time=None)),
    ]
) | st.fixed_dictionaries({}, optional=some_of(PATCH_VALUES)).filter(bool).map(lambda named: TaskPatch(**named))
MOVES = st.sampled_from([Move(first=True), Move(last=True)]) | st.builds(
    lambda name, anchor: Move(**{name: anchor}), st.sampled_from(["after", "before"]), TASK_IDS
)
PROJECT_IDS = st.integers(1, 3)
PROJECT_PATCHES = st.sampled_from([ProjectPatch(name="b"), ProjectPatch(name="a"), ProjectPatch(archived=True)])
PROJECT_OPERATIONS: st.SearchStrategy[Operation] = st.one_of(
    st.builds(CreateProject, st.sampled_from([ProjectDraft(name="a"), ProjectDraft(name="ß", archived=True)])),
    st.builds(CreateProject, st.just(ProjectDraft(name="a")), st.builds(Move, after=PROJECT_IDS)),
    st.builds(PatchProject, PROJECT_IDS, PROJECT_PATCHES, EXPECTED, st.none() | st.just(Move(first=True))),
    st.builds(RemoveProject, PROJECT_IDS, EXPECTED, RARELY),
    st.builds(RestoreProject, PROJECT_IDS, EXPECTED),
)
OPERATIONS: st.SearchStrategy[Operation] = st.one_of(
    st.builds(Create, DRAFTS, st.none() | MOVES),
    st.builds(Patch, TASK_IDS, PATCHES, EXPECTED),
    st.builds(Patch, TASK_IDS, st.none() | PATCHES, EXPECTED, MOVES),
    st.builds(Remove, TASK_IDS, EXPECTED, RARELY),
    st.builds(Restore, TASK_IDS, EXPECTED),
    st.builds(Erase, TASK_IDS, EXPECTED),
    PROJECT_OPERATIONS,
)
KINDS = st.sampled_from([TASKS, frozenset({Kind.PROJECT}), frozenset(Kind)])
BATCHES = st.sampled_from(
    [
        Batch((Create(TaskDraft(title="a")), Create(TaskDraft(title="b")))),
        Batch((Patch(1, TaskPatch(complete=True)), Patch(2, TaskPatch(complete=True)))),
        Batch((CreateProject(ProjectDraft(name="a")), CreateProject(ProjectDraft(name="b")))),
        Batch(
            (
                CreateProject(ProjectDraft(name="a"), ref="p"),
                Create(TaskDraft(title="a", project_id=Ref("p")), ref="t"),
                Patch(Ref("t"), TaskPatch(title="b"), move=Move(first=True)),
                Patch(1, TaskPatch(project_id=Ref("p"))),
            )
        ),
        Batch((Patch(1, TaskPatch(project_id=1)), Patch(2, TaskPatch(project_id=1)), RemoveProject(1))),
        Batch((RestoreProject(1), Patch(3, move=Move(before=1)), RemoveProject(1))),
    ]
) | st.builds(Batch, st.lists(OPERATIONS, min_size=1, max_size=4).map(tuple))
CONDITIONS: list[dict[str, Any]] = [
    {},
    {"complete": True},
    {"complete": False, "tag": ("A",)},
    {"priority": frozenset({Priority.MEDIUM, Priority.HIGH})},
    {"tag": ("a", "SS")},
    {"due_from": DAY, "due_until": DAY},
    {"due_from": NEXT_DAY},
    {"due_until": DAY, "q": "a"},
    {"q": "A"},
    {"q": "ss"},
    {"q": "%"},
    {"q": "\U00010400"},
]
QUERIES = st.builds(
    lambda conditions, sort, descending, limit: {
        **conditions,
        "sort": sort,
        "descending": descending,
        "limit": limit,
    },
    st.sampled_from(CONDITIONS) | st.fixed_dictionaries({}, optional=some_of(CONDITION_VALUES)),
    st.sampled_from(SortKey),
    st.booleans(),
    LIMITS,
)
