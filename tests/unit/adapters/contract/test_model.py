"""The model agrees with an adapter on projects, which the state machine reaches only sometimes."""

import asyncio

from tests.opening import open_at_once
from todo_adapters.contract.field_values import DAY
from todo_adapters.contract.scenario import NOON, noon_plus
from todo_adapters.contract.state_machine import RepositoryMachine
from todo_adapters.in_memory.repository import InMemoryTaskRepository
from todo_domain import (
    Batch,
    Create,
    CreateProject,
    Due,
    Erase,
    Kind,
    Move,
    Operation,
    Patch,
    PatchProject,
    ProjectDraft,
    ProjectPatch,
    RecurrenceDraft,
    Ref,
    Remove,
    RemoveProject,
    Restore,
    RestoreProject,
    TaskDraft,
    TaskPatch,
)

STEPS: list[list[Operation]] = [
    [CreateProject(ProjectDraft(name="b", archived=True), Move(first=True)), Patch(2, TaskPatch(project_id=1))],
    [Create(TaskDraft(title="c", project_id=2))],
    [Create(TaskDraft(title="c", project_id=9))],
    [PatchProject(1, ProjectPatch(name="b"), move=Move(last=True)), PatchProject(1, ProjectPatch(name="b"))],
    [PatchProject(1, move=Move(first=True)), PatchProject(9, ProjectPatch(name="b"))],
    [Remove(1), Remove(2), Restore(2), Restore(1)],
    [Patch(1, TaskPatch(complete=True)), Restore(1)],
    [Remove(2), RemoveProject(1)],
    [Create(TaskDraft(title="c"), Move(before=3)), Patch(3, move=Move(first=True))],
    [RestoreProject(1, frozenset({1}))],
    [RestoreProject(1), RemoveProject(1), RestoreProject(1), Restore(2)],
    [RestoreProject(1)],
    [
        CreateProject(ProjectDraft(name="c"), ref="p"),
        Create(TaskDraft(title="d", project_id=Ref("p")), ref="t"),
        Patch(Ref("t"), TaskPatch(project_id=1)),
        Patch(Ref("t"), TaskPatch(project_id=Ref("p"))),
        RemoveProject(Ref("p"), permanent=True),
    ],
    [
        Create(TaskDraft(title="e", due=Due(DAY), recurrence=RecurrenceDraft("FREQ=DAILY")), ref="r"),
        Patch(Ref("r"), TaskPatch(complete=True)),
        Patch(Ref("r"), TaskPatch(complete=False)),
        Remove(Ref("r")),
        Erase(Ref("r")),
    ],
    [RemoveProject(1), Restore(1)],
]


def test_the_model_and_an_adapter_agree_on_projects_through_the_trash_and_back() -> None:
    with asyncio.Runner() as runner:
        machine = RepositoryMachine(open_at_once(InMemoryTaskRepository()), runner.get_loop().run_until_complete)
        machine.begin_with_two_lists([TaskDraft(title="a")] * 3)
        for second, operations in enumerate(STEPS):
            machine.apply(0, Batch(tuple(operations)), noon_plus(second), None)
            machine.a_written_list_and_its_feed_are_those_of_the_model()
            machine.list_trash(0, 2)
        machine.erase_oldest(0, 999, 1)
        machine.take_from_the_trash(0, 0, Restore, NOON, None)
        machine.purge(noon_plus(99), noon_plus(99))
        machine.read_the_feed_from_any_revision(0, 1, frozenset(Kind))
        machine.teardown()
