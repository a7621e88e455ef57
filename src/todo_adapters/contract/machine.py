"""The promise behind all promises: any sequence of calls is answered as the model answers it."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from todo_adapters.contract import strategies as some
from todo_adapters.contract.model import Model, conditional
from todo_adapters.contract.scenario import ALL, NOON, someone
from todo_adapters.contract.suite import Contract, OpenRepository, Store
from todo_domain import (
    Batch,
    ChangePage,
    FeedToken,
    IdempotencyKey,
    Patch,
    TaskDraft,
    TaskPatch,
    TaskQuery,
    TodoError,
    UserId,
)

_FLOOR_0 = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""A time that leaves revisions small, so that they meet those that are drawn."""

Bridge = Callable[[Awaitable[Any]], Any]
"""Runs a coroutine on the loop that the repository was opened in, and returns what it does."""


class Calls(RuleBasedStateMachine):
    """Makes the same calls of a repository and of the model, for three users that are new to the store."""

    def __init__(self, repository: Store, wait_for: Bridge) -> None:
        super().__init__()
        self._repository = repository
        self._wait_for = wait_for
        self._name = someone()
        self._users = [UserId(f"{self._name}{suffix}") for suffix in "aA_"]
        self._written_to: UserId | None = None
        self._handed_out: list[tuple[object, str]] = []
        self._sent: tuple[str, int, TaskDraft | Batch, str] | None = None
        self._place: tuple[UserId, dict[str, Any]] | None = None
        first = wait_for(repository.changes(self._users[0], None, ALL)).next
        self._tokens: dict[UserId, FeedToken] = dict.fromkeys(self._users, first)
        self._model = Model(first.epoch)

    @initialize(drafts=some.FIRST_DRAFTS)
    def begin_with_two_lists(self, drafts: Sequence[TaskDraft]) -> None:
        for user in self._users[:2]:
            for draft in drafts:
                self._agree("add", user, draft, at=NOON)

    @rule(user=some.USERS, draft=some.DRAFTS, at=some.TIMES, key=some.KEYS)
    def add(self, user: int, draft: TaskDraft, at: dt.datetime, key: str | None) -> None:
        self._send("add", user, draft, at, key)

    @rule(user=some.USERS, task_id=some.TASK_IDS)
    def get(self, user: int, task_id: int) -> None:
        task = self._agree("get", self._users[user], task_id)
        self._handed_out.append((task, repr(task)))

    @rule(user=some.USERS, asked=some.QUERIES, go_on=some.CHANCES)
    def list(self, user: int, asked: dict[str, Any], *, go_on: bool) -> None:
        owner, asked = (go_on and self._place) or (self._users[user], asked)
        page = self._agree("list", owner, TaskQuery(**asked))
        if page.next_cursor:
            self._place = (owner, {**asked, "cursor": page.next_cursor})

    @rule(user=some.USERS, task_id=some.TASK_IDS, patch=some.PATCHES, at=some.TIMES, expected=some.EXPECTED)
    def change(
        self, user: int, task_id: int, patch: TaskPatch, at: dt.datetime, expected: frozenset[int] | None
    ) -> None:
        self._agree("change", self._write_to(user), task_id, conditional(Patch(task_id, patch, expected), at))

    @rule(user=some.USERS, task_id=some.TASK_IDS, at=some.TIMES, expected=some.EXPECTED)
    def remove(self, user: int, task_id: int, at: dt.datetime, expected: frozenset[int] | None) -> None:
        self._agree("remove", self._write_to(user), task_id, at=at, guard=lambda task: task.require(expected))

    @rule(user=some.USERS, batch=some.BATCHES, at=some.TIMES, key=some.KEYS)
    def apply(self, user: int, batch: Batch, at: dt.datetime, key: str | None) -> None:
        self._send("apply", user, batch, at, key)

    @precondition(lambda self: self._sent)
    @rule(at=some.TIMES)
    def send_the_last_request_with_a_key_again(self, at: dt.datetime) -> None:
        assert self._sent
        self._send(*self._sent[:3], at, self._sent[3])

    @rule(user=some.USERS, revision=some.REVISIONS)
    def read_the_feed_from_any_revision(self, user: int, revision: int) -> None:
        self._agree("changes", self._users[user], FeedToken(self._model.epoch, revision), 3)

    @rule(before=some.TIMES)
    def purge(self, before: dt.datetime) -> None:
        while self._wait_for(self._repository.purge(deletions_before=before, keys_before=before, limit=1000)):
            pass
        self._model.purge(before)

    @rule(seldom=some.SELDOM)
    def renew_the_epoch(self, *, seldom: bool) -> None:
        if seldom:
            before = self._model.epoch
            self._model.epoch = self._wait_for(self._repository.renew_epoch(at=_FLOOR_0))
            assert self._model.epoch != before

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
        told = self._wait_for(self._repository.revisions(self._users))
        assert {user: revision for user, revision in told.items() if revision} == self._model.revisions(self._users)
        for user in self._users:
            self._agree("list", user, TaskQuery(limit=ALL))
            self._agree("changes", user, None, ALL)
        assert [text for _, text in self._handed_out] == [repr(answer) for answer, _ in self._handed_out]

    def _write_to(self, user: int) -> UserId:
        self._written_to = self._users[user]
        return self._written_to

    def _send(self, method: str, user: int, request: TaskDraft | Batch, at: dt.datetime, key: str | None) -> None:
        named = None
        if key:
            self._sent = (method, user, request, key)
            named = IdempotencyKey.of_request(f"{key}:{self._name}", request)
        self._agree(method, self._write_to(user), request, at=at, key=named)

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
                    # Here all promises meet: worth twice the examples of a law. A store takes the time it takes.
                    settings=settings(
                        max_examples=2 * settings().max_examples,
                        deadline=None,
                        suppress_health_check=[HealthCheck.too_slow],
                    ),
                )
            finally:
                runner.run(stack.aclose())


def _answer(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except TodoError as error:
        return type(error), str(error)
