"""The state machine: it makes any sequence of calls on a repository and on the model."""

import datetime as dt
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from hypothesis.stateful import initialize, invariant, precondition, rule

from todo_adapters.contract import strategies
from todo_adapters.contract.comparison import ComparingMachine, Run
from todo_adapters.contract.model import Model
from todo_adapters.contract.model_list import conditional
from todo_adapters.contract.scenario import ALL, NOON, new_user
from todo_adapters.contract.shrinking import Shrinking
from todo_domain import (
    NO_QUOTAS,
    Batch,
    ChangePage,
    Erase,
    FeedToken,
    IdempotencyKey,
    Kind,
    Operation,
    Patch,
    Quotas,
    Restore,
    RestoreProject,
    Task,
    TaskDraft,
    TaskPatch,
    TaskQuery,
    TaskStore,
    TrashQuery,
    UserId,
)

_WITHOUT_FLOOR: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""A time of renewal with the revision floor 0, so that revisions stay as small as those of the strategies."""

SMALL_QUOTAS: Final = Quotas(max_open_tasks=3, max_tasks=5, max_deletions=2, max_trash=1, max_keys=3)
"""Few enough that a short sequence of calls reaches each."""


class RepositoryMachine(ComparingMachine):
    """Makes each call on the repository and on the model, for three users that are new to the store."""

    def __init__(
        self, repository: TaskStore, run: Run, shrinking: Shrinking | None = None, quotas: Quotas = NO_QUOTAS
    ) -> None:
        shrinking = shrinking or Shrinking()
        shrinking.stop_when_time_is_up()
        name = new_user()
        users = [UserId(f"{name}{suffix}") for suffix in "aA_"]
        first = run(repository.changes(users[0], None, ALL, frozenset(Kind))).next
        super().__init__(repository, run, Model(first.epoch, quotas), shrinking)
        self._name = name
        self._users = users
        self._tokens: dict[UserId, FeedToken] = dict.fromkeys(users, first)
        self._written_to: UserId | None = None
        self._returned_tasks: list[tuple[object, str]] = []
        self._last_request: tuple[str, int, TaskDraft | Batch, str] | None = None
        self._next_page: tuple[UserId, dict[str, Any]] | None = None

    @initialize(drafts=strategies.FIRST_DRAFTS)
    def begin_with_two_lists(self, drafts: Sequence[TaskDraft]) -> None:
        for user in self._users[:2]:
            for draft in drafts:
                self._compare("add", user, draft, at=NOON)
            self._compare("apply", user, strategies.FIRST_BATCH, at=NOON)

    @rule(user=strategies.USERS, draft=strategies.DRAFTS, at=strategies.TIMES, key=strategies.KEYS)
    def add(self, user: int, draft: TaskDraft, at: dt.datetime, key: str | None) -> None:
        self._send("add", user, draft, at, key)

    @rule(user=strategies.USERS, task_id=strategies.TASK_IDS)
    def get(self, user: int, task_id: int) -> None:
        task = self._compare("get", self._users[user], task_id)
        self._returned_tasks.append((task, repr(task)))

    @rule(user=strategies.USERS, query=strategies.QUERIES, next_page=strategies.CHANCES)
    def list(self, user: int, query: dict[str, Any], *, next_page: bool) -> None:
        owner, query = (next_page and self._next_page) or (self._users[user], query)
        page = self._compare("list", owner, TaskQuery(**query))
        if page.next_cursor:
            self._next_page = (owner, {**query, "cursor": page.next_cursor})

    @rule(
        user=strategies.USERS,
        task_id=strategies.TASK_IDS,
        patch=strategies.PATCHES,
        at=strategies.TIMES,
        expected=strategies.EXPECTED,
    )
    def change(
        self, user: int, task_id: int, patch: TaskPatch, at: dt.datetime, expected: frozenset[int] | None
    ) -> None:
        edit = conditional(Patch(task_id, patch, expected), at)

        def settled(task: Task) -> Task:
            edited = edit(task)
            return edited if edited.is_settled and edited.project_id in {None, task.project_id} else task

        self._compare("change", self._write_to(user), task_id, settled)

    @rule(
        user=strategies.USERS,
        task_id=strategies.TASK_IDS,
        at=strategies.TIMES,
        expected=strategies.EXPECTED,
        permanent=strategies.RARELY,
    )
    def remove(
        self, user: int, task_id: int, at: dt.datetime, expected: frozenset[int] | None, *, permanent: bool
    ) -> None:
        guard = partial(Task.require, expected=expected)
        self._compare("remove", self._write_to(user), task_id, at=at, guard=guard, permanent=permanent)

    @rule(user=strategies.USERS, limit=strategies.LIMITS)
    def list_trash(self, user: int, limit: int) -> None:
        page = self._compare("list_trash", self._users[user], TrashQuery(limit=limit))
        self._compare("list_trash", self._users[user], TrashQuery(limit=limit, cursor=page.next_cursor))

    @rule(
        user=strategies.USERS,
        which=strategies.TASK_IDS,
        kind=strategies.FROM_TRASH,
        at=strategies.TIMES,
        expected=strategies.EXPECTED,
    )
    def take_from_the_trash(
        self, user: int, which: int, kind: type[Restore | Erase], at: dt.datetime, expected: frozenset[int] | None
    ) -> None:
        page = self._model.list_trash(self._users[user], TrashQuery())
        operations: list[Operation] = [kind(trashed.id, expected) for trashed in page.tasks]
        operations += [RestoreProject(trashed.id, expected) for trashed in page.projects]
        if operations:
            self._send("apply", user, Batch((operations[which % len(operations)],)), at, None)

    @rule(user=strategies.USERS, up_to=strategies.REVISIONS, limit=strategies.LIMITS)
    def erase_oldest(self, user: int, up_to: int, limit: int) -> None:
        self._compare("erase_oldest", self._write_to(user), up_to=up_to, limit=limit)

    @rule(user=strategies.USERS, batch=strategies.BATCHES, at=strategies.TIMES, key=strategies.KEYS)
    def apply(self, user: int, batch: Batch, at: dt.datetime, key: str | None) -> None:
        self._send("apply", user, batch, at, key)

    @precondition(lambda self: self._last_request)
    @rule(at=strategies.TIMES)
    def send_the_last_request_with_a_key_again(self, at: dt.datetime) -> None:
        assert self._last_request
        self._send(*self._last_request[:3], at, self._last_request[3])

    @rule(user=strategies.USERS, revision=strategies.REVISIONS, kinds=strategies.KINDS)
    def read_the_feed_from_any_revision(self, user: int, revision: int, kinds: frozenset[Kind]) -> None:
        self._compare("changes", self._users[user], FeedToken(self._model.epoch, revision, kinds=kinds), 3, kinds)

    @rule(user=strategies.USERS, project_id=strategies.PROJECT_IDS)
    def get_project(self, user: int, project_id: int) -> None:
        self._compare("get_project", self._users[user], project_id)

    @rule(before=strategies.TIMES, trash_before=strategies.TIMES)
    def purge(self, before: dt.datetime, trash_before: dt.datetime) -> None:
        purge = partial(
            self._repository.purge, trash_before=trash_before, deletions_before=before, keys_before=before, limit=1000
        )
        with self._watch(f"purge({before!r}, {trash_before!r})"):
            while self._run(purge()):
                pass
        self._model.purge(before, trash_before)

    @rule(user=strategies.USERS, before=strategies.TIMES)
    def forget_keys(self, user: int, before: dt.datetime) -> None:
        self._compare("forget_keys", self._users[user], before=before, limit=ALL)

    @rule(user=strategies.USERS, at=strategies.TIMES, limit=strategies.LIMITS, rarely=strategies.RARELY)
    def erase_user(self, user: int, at: dt.datetime, limit: int, *, rarely: bool) -> None:
        if rarely:
            owner = self._write_to(user)
            with self._watch(f"erase_user({owner!r}, at={at!r}, limit={limit})"):
                while not self._run(self._repository.erase_user(owner, at=at, limit=limit)):
                    pass
            self._model.erase_user(owner, at)

    @rule(rarely=strategies.RARELY)
    def renew_the_epoch(self, *, rarely: bool) -> None:
        if rarely:
            before = self._model.epoch
            with self._watch("renew_epoch()"):
                self._model.epoch = self._run(self._repository.renew_epoch(at=_WITHOUT_FLOOR))
                assert self._model.epoch != before

    @invariant()
    def a_written_list_and_its_feed_are_those_of_the_model(self) -> None:
        user, self._written_to = self._written_to, None
        if user is None:
            return
        self._compare("list", user, TaskQuery(limit=ALL))
        self._compare("list_projects", user)
        page = self._compare("changes", user, self._tokens[user], 2, frozenset(Kind))
        if not isinstance(page, ChangePage):
            page = self._compare("changes", user, None, ALL, frozenset(Kind))
        self._tokens[user] = page.next

    def teardown(self) -> None:
        for user in self._users:
            self._compare("list", user, TaskQuery(limit=ALL))
            self._compare("changes", user, None, ALL)
            self._compare("list_trash", user, TrashQuery(limit=ALL))
        with self._watch("revisions()"):
            revisions = self._run(self._repository.revisions(self._users))
            assert {user: revision for user, revision in revisions.items() if revision} == self._model.revisions(
                self._users
            )
            assert [text for _, text in self._returned_tasks] == [repr(task) for task, _ in self._returned_tasks]

    def _write_to(self, user: int) -> UserId:
        self._written_to = self._users[user]
        return self._written_to

    def _send(self, method: str, user: int, request: TaskDraft | Batch, at: dt.datetime, key: str | None) -> None:
        named = None
        if key:
            self._last_request = (method, user, request, key)
            named = IdempotencyKey.of_request(f"{key}:{self._name}", request)
        self._compare(method, self._write_to(user), request, at=at, key=named)
