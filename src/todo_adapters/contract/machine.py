"""The promise behind all promises: any sequence of calls is answered as the model answers it."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from todo_adapters.contract.given import ALL, after, someone
from todo_adapters.contract.model import Model, conditional
from todo_adapters.contract.suite import Contract, OpenRepository, Store
from todo_domain import (
    ABSENT,
    Batch,
    ChangePage,
    Create,
    Due,
    FeedToken,
    IdempotencyKey,
    Operation,
    Patch,
    Priority,
    Remove,
    SortKey,
    TaskDraft,
    TaskPatch,
    TaskQuery,
    TodoError,
    UserId,
)

# Few values of everything, so that ids, keys and states meet again and again.
USERS = st.integers(0, 2)
TASK_IDS = st.integers(1, 6)
TIMES = st.integers(-5, 5).map(after)
KEYS = st.none() | st.sampled_from("kKl")
EXPECTED = st.none() | st.integers(0, 12).map(lambda bound: frozenset(range(bound)))
TEXTS = st.sampled_from(["a", "A", "aß", "SS", "%", "_", "İ", "i", "\uff5e", "\U00010400", "\U00010428", "😀a"])
PRIORITIES = st.sampled_from(Priority)
DAYS = st.sampled_from([dt.date(2026, 1, 1), dt.date(2026, 1, 2)])
DUES = st.none() | st.builds(Due, DAYS, st.sampled_from([None, dt.time(9), dt.time(23, 59)]))
TAGS = st.sampled_from([(), ("a",), ("A", "ß"), ("a", "SS", "%")])
DRAFTS = st.builds(
    TaskDraft,
    title=TEXTS,
    description=st.none() | TEXTS,
    complete=st.booleans(),
    priority=PRIORITIES,
    due=DUES,
    tags=TAGS,
)
PATCHES = st.builds(
    TaskPatch,
    title=TEXTS,
    description=st.just(ABSENT) | st.none() | TEXTS,
    complete=st.just(ABSENT) | st.booleans(),
    due=st.just(ABSENT) | DUES,
)
OPERATIONS: st.SearchStrategy[Operation] = st.one_of(
    st.builds(Create, DRAFTS),
    st.builds(Patch, TASK_IDS, PATCHES, EXPECTED),
    st.builds(Remove, TASK_IDS, EXPECTED),
)
BATCHES = st.builds(Batch, st.lists(OPERATIONS, min_size=1, max_size=4).map(tuple))
QUERIES = st.fixed_dictionaries(
    {"sort": st.sampled_from(SortKey), "descending": st.booleans(), "limit": st.integers(1, 4)},
    optional={
        "complete": st.booleans(),
        "priority": st.frozensets(PRIORITIES, max_size=2),
        "tag": TAGS,
        "due_from": DAYS,
        "due_until": DAYS,
        "q": TEXTS,
    },
)

Bridge = Callable[[Awaitable[Any]], Any]
"""Runs a coroutine on the loop that the repository was opened in, and returns what it does."""


class Calls(RuleBasedStateMachine):
    """Makes the same calls of a repository and of the model, for three users that are new to the store."""

    def __init__(self, repository: Store, wait_for: Bridge) -> None:
        super().__init__()
        self._repository = repository
        self._wait_for = wait_for
        self._users = [someone() for _ in range(3)]
        self._written_to: UserId | None = None
        first = wait_for(repository.changes(self._users[0], None, ALL)).next
        self._model = Model(first.epoch)
        self._tokens: dict[UserId, FeedToken] = dict.fromkeys(self._users, first)

    @rule(user=USERS, draft=DRAFTS, at=TIMES, key=KEYS)
    def add(self, user: int, draft: TaskDraft, at: dt.datetime, key: str | None) -> None:
        self._agree("add", self._write_to(user), draft, at=at, key=_named(key, draft))

    @rule(user=USERS, task_id=TASK_IDS)
    def get(self, user: int, task_id: int) -> None:
        self._agree("get", self._users[user], task_id)

    @rule(user=USERS, asked=QUERIES)
    def page_through_the_list(self, user: int, asked: dict[str, Any]) -> None:
        page = self._agree("list", self._users[user], TaskQuery(**asked))
        while page.next_cursor:
            page = self._agree("list", self._users[user], TaskQuery(**asked, cursor=page.next_cursor))

    @rule(user=USERS, task_id=TASK_IDS, patch=PATCHES, at=TIMES, expected=EXPECTED)
    def change(
        self, user: int, task_id: int, patch: TaskPatch, at: dt.datetime, expected: frozenset[int] | None
    ) -> None:
        self._agree("change", self._write_to(user), task_id, conditional(Patch(task_id, patch, expected), at))

    @rule(user=USERS, task_id=TASK_IDS, at=TIMES, expected=EXPECTED)
    def remove(self, user: int, task_id: int, at: dt.datetime, expected: frozenset[int] | None) -> None:
        self._agree("remove", self._write_to(user), task_id, at=at, guard=lambda task: task.require(expected))

    @rule(user=USERS, batch=BATCHES, at=TIMES, key=KEYS)
    def apply(self, user: int, batch: Batch, at: dt.datetime, key: str | None) -> None:
        self._agree("apply", self._write_to(user), batch, at=at, key=_named(key, batch))

    @rule(user=USERS, revision=st.integers(0, 12), limit=st.integers(1, 4))
    def read_the_feed_from_any_revision(self, user: int, revision: int, limit: int) -> None:
        self._agree("changes", self._users[user], FeedToken(self._model.epoch, revision), limit)

    @rule(before=TIMES)
    def purge(self, before: dt.datetime) -> None:
        while self._wait_for(self._repository.purge(deletions_before=before, keys_before=before, limit=1000)):
            pass
        self._model.purge(before)

    @rule()
    def renew_the_epoch(self) -> None:
        self._model.epoch = self._wait_for(self._repository.renew_epoch())

    @rule()
    def tell_the_revisions(self) -> None:
        told = self._wait_for(self._repository.revisions(self._users))
        assert {user: revision for user, revision in told.items() if revision} == self._model.revisions(self._users)

    @invariant()
    def a_written_list_and_what_a_reader_is_told_of_it_are_the_models(self) -> None:
        user, self._written_to = self._written_to, None
        if user is None:
            return
        self._agree("list", user, TaskQuery(limit=ALL))
        page = self._agree("changes", user, self._tokens[user], 2)
        if not isinstance(page, ChangePage):
            page = self._agree("changes", user, None, ALL)
        self._tokens[user] = page.next

    def teardown(self) -> None:
        for user in self._users:
            self._agree("list", user, TaskQuery(limit=ALL))
            self._agree("changes", user, None, ALL)

    def _write_to(self, user: int) -> UserId:
        self._written_to = self._users[user]
        return self._written_to

    def _agree(self, method: str, *args: Any, **named: Any) -> Any:
        """Make one call of both, compare the answers, and return the answer; errors are answers too."""
        expected = _answer(lambda: getattr(self._model, method)(*args, **named))
        answer = _answer(lambda: self._wait_for(getattr(self._repository, method)(*args, **named)))
        assert answer == expected, f"{method}{args}"
        return answer


class AgreesWithTheModel(Contract):
    """The model is plain dicts; users are several, ids mostly foreign, errors compared as answers."""

    def test_any_sequence_of_calls_is_answered_as_the_model_answers_it(self, open_repository: OpenRepository) -> None:
        with asyncio.Runner() as runner:
            stack = AsyncExitStack()
            repository = runner.run(stack.enter_async_context(open_repository()))
            try:
                run_state_machine_as_test(
                    # Whatever makes a machine will do.
                    lambda: Calls(repository, runner.get_loop().run_until_complete),  # type: ignore[arg-type]
                    # The number of examples is the active profile's. A store takes the time it takes.
                    settings=settings(deadline=None, suppress_health_check=[HealthCheck.too_slow]),
                )
            finally:
                runner.run(stack.aclose())


def _answer(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except TodoError as error:
        return type(error), str(error)


def _named(key: str | None, request: object) -> IdempotencyKey | None:
    return None if key is None else IdempotencyKey.of_request(key, request)
