"""The order by hand: moves, and the positions that they make."""

import asyncio
from itertools import pairwise

import pytest

from todo_adapters.contract.scenario import (
    ALL,
    NOON,
    WRITERS,
    add_titles,
    ids_of,
    new_user,
    noon_plus,
    read_everything,
)
from todo_adapters.contract.suite import Contract
from todo_domain import (
    Batch,
    BatchFailed,
    BatchResult,
    Create,
    IdempotencyKey,
    Move,
    Operation,
    Outcome,
    Patch,
    Remove,
    RuleViolated,
    SortKey,
    TaskDraft,
    TaskPatch,
    TaskQuery,
    TaskStore,
)

DRAFT = TaskDraft(title="new")
FIRST, LAST = Move(first=True), Move(last=True)
BY_POSITION = TaskQuery(limit=ALL, sort=SortKey.POSITION)
PLACES = {
    "first": (FIRST, [2, 1, 3, 4], [5, 1, 2, 3, 4]),
    "last": (LAST, [1, 3, 4, 2], [1, 2, 3, 4, 5]),
    "after another task": (Move(after=3), [1, 3, 2, 4], [1, 2, 3, 5, 4]),
    "after the last task": (Move(after=4), [1, 3, 4, 2], [1, 2, 3, 4, 5]),
    "before another task": (Move(before=4), [1, 3, 2, 4], [1, 2, 3, 5, 4]),
    "before the first task": (Move(before=1), [2, 1, 3, 4], [5, 1, 2, 3, 4]),
}
REFUSED: dict[str, Operation] = {
    "a task moves after itself": Patch(1, move=Move(after=1)),
    "a task moves before itself": Patch(1, move=Move(before=1)),
    "the anchor is deleted": Patch(1, move=Move(after=2)),
    "the anchor is another user's": Patch(1, move=Move(before=4)),
    "a new task has an anchor that is missing": Create(DRAFT, Move(after=9)),
    "a new task would be its own anchor": Create(DRAFT, Move(before=4)),
}


class OrdersByHand(Contract):
    """A move changes the order as requested, and nothing else."""

    @pytest.mark.parametrize(("move", "moved", "created"), PLACES.values(), ids=PLACES)
    async def test_a_moved_or_new_task_is_at_the_requested_place(
        self, repository: TaskStore, move: Move, moved: list[int], created: list[int]
    ) -> None:
        mover, creator = new_user(), new_user()
        for user in (mover, creator):
            await add_titles(repository, user, "abcd")
        before = await repository.get(mover, 2)

        result = await repository.apply(mover, Batch((Patch(2, move=move),)), at=noon_plus(1))
        await repository.apply(creator, Batch((Create(DRAFT, move),)), at=NOON)

        after = await repository.get(mover, 2)
        assert await ids_of(repository, mover, BY_POSITION) == moved
        assert await ids_of(repository, creator, BY_POSITION) == created
        assert after == before._replace(position=after.position, revision=5, updated_at=noon_plus(1))
        assert result == BatchResult((Outcome(2, 5, after.position),), noon_plus(1))
        assert result.tasks[2] == after

    async def test_positions_are_in_the_order_of_their_bytes(self, repository: TaskStore) -> None:
        user = new_user()
        await repository.apply(user, Batch((Create(DRAFT, FIRST),) * 40), at=NOON)

        ascending = await repository.list(user, BY_POSITION)
        descending = await ids_of(repository, user, TaskQuery(limit=ALL, sort=SortKey.POSITION, descending=True))

        assert [task.id for task in ascending.tasks] == descending[::-1] == list(range(40, 0, -1))
        assert all(one.position.encode() < other.position.encode() for one, other in pairwise(ascending.tasks))

    async def test_a_new_task_is_after_all_others(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "abc")
        await repository.apply(user, Batch((Patch(1, move=LAST), Patch(2, move=LAST))), at=NOON)

        await add_titles(repository, user, "d")
        await repository.apply(user, Batch((Patch(3, move=LAST), Create(DRAFT))), at=NOON)

        assert await ids_of(repository, user, BY_POSITION) == [1, 2, 4, 3, 5]

    async def test_moves_of_one_batch_see_each_other(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "abc")

        operations = (
            Patch(1, TaskPatch(title="A"), move=LAST),
            Patch(2, move=Move(after=1)),
            Create(DRAFT, Move(before=1)),
            Remove(3),
            Patch(2, move=Move(before=4)),
        )
        result = await repository.apply(user, Batch(operations), at=NOON)

        assert await ids_of(repository, user, BY_POSITION) == [2, 4, 1]
        assert [outcome.revision for outcome in result.outcomes] == [4, 5, 6, 7, 8]
        assert await repository.revisions([user]) == {user: 8}

    async def test_a_move_to_where_the_task_is_does_not_increment_the_revision(self, repository: TaskStore) -> None:
        user = new_user()
        tasks = await add_titles(repository, user, "abc")
        before = await read_everything(repository, user)

        moves = (Move(after=1), Move(before=3))
        result = await repository.apply(user, Batch(tuple(Patch(2, move=move) for move in moves)), at=noon_plus(1))

        assert result.outcomes == (Outcome(2, 2, tasks[1].position),) * 2
        assert await read_everything(repository, user) == before

    @pytest.mark.parametrize("operation", REFUSED.values(), ids=REFUSED)
    async def test_an_anchor_that_is_not_another_task_of_the_list_is_refused(
        self, repository: TaskStore, operation: Operation
    ) -> None:
        user, other = new_user(), new_user()
        await add_titles(repository, user, "ab")
        await add_titles(repository, other, "abcd")
        await repository.remove(user, 2, at=NOON)
        before = await read_everything(repository, user)

        with pytest.raises(BatchFailed) as failed:
            await repository.apply(user, Batch((Create(DRAFT, FIRST), operation)), at=NOON)

        cause = failed.value.cause
        assert isinstance(cause, RuleViolated)
        assert (failed.value.index, [each.code for each in cause.violations]) == (1, ["unknown_anchor"])
        assert await read_everything(repository, user) == before

    async def test_a_spread_raises_revisions_but_not_the_time_of_the_update(self, repository: TaskStore) -> None:
        """Each move halves the gap between task 1 and its neighbour, until it has no room."""
        user = new_user()
        first, second, *_ = await add_titles(repository, user, "abcd")

        moves = Batch((Patch(3, move=Move(after=1)), Patch(4, move=Move(after=1))) * 50)
        for _ in range(4):
            await repository.apply(user, moves, at=noon_plus(1))

        page, feed = await read_everything(repository, user)
        spread = await repository.get(user, 1)
        assert spread.position != first.position
        assert spread == first._replace(position=spread.position, revision=spread.revision)
        assert second in page.tasks
        assert await ids_of(repository, user, BY_POSITION) == [1, 4, 3, 2]
        assert set(feed.changes) == set(page.tasks)
        assert len({task.revision for task in page.tasks}) == 4
        assert page.revision > 404

    async def test_a_repeated_batch_returns_the_first_positions(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "abc")
        batch = Batch((Patch(1, move=LAST), Create(DRAFT, FIRST), Create(DRAFT)))
        key = IdempotencyKey.of_request("k", batch)
        first = await repository.apply(user, batch, at=NOON, key=key)
        await repository.apply(user, Batch((Patch(1, move=FIRST), Remove(4))), at=NOON)
        before = await read_everything(repository, user)

        again = await repository.apply(user, batch, at=noon_plus(1), key=key)

        assert [outcome.position is None for outcome in first.outcomes] == [False, False, True]
        assert again == BatchResult(first.outcomes, NOON, replayed=True)
        assert await read_everything(repository, user) == before

    async def test_a_failed_batch_moves_nothing(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "abc")
        before = await read_everything(repository, user)

        operations = (Patch(1, move=LAST), Create(DRAFT, FIRST), Remove(9))
        with pytest.raises(BatchFailed):
            await repository.apply(user, Batch(operations), at=NOON)

        assert await read_everything(repository, user) == before

    async def test_what_each_of_several_concurrent_writers_was_told_holds_at_its_revision(
        self, repository: TaskStore
    ) -> None:
        """The tasks at both ends are not moved, so every other task is somewhere else before its move."""
        user = new_user()
        tasks = await add_titles(repository, user, (f"{n}" for n in range(WRITERS + 2)))
        moves = [FIRST, LAST, Move(before=1), Move(after=WRITERS + 2)]
        requested = {n: moves[n % 4] for n in range(2, WRITERS + 2)}

        async def move(task_id: int) -> Outcome:
            batch = Batch((Patch(task_id, move=requested[task_id]),))
            (outcome,) = (await repository.apply(user, batch, at=NOON)).outcomes
            return outcome

        outcomes = await asyncio.gather(*(move(task_id) for task_id in requested))

        positions: dict[int, str | None] = {task.id: task.position for task in tasks}
        for outcome in sorted(outcomes, key=lambda outcome: outcome.revision):
            positions[outcome.id] = outcome.position
            assert _is_at(requested[outcome.id], outcome.id, _in_order(positions))
        assert await ids_of(repository, user, BY_POSITION) == _in_order(positions)
        assert len(set(positions.values())) == len(positions)
        assert await repository.revisions([user]) == {user: 2 * WRITERS + 2}


def _in_order(positions: dict[int, str | None]) -> list[int]:
    return sorted(positions, key=lambda task_id: positions[task_id] or "")


def _is_at(move: Move, task_id: int, order: list[int]) -> bool:
    if move.anchor is None:
        return order[0 if move.first else -1] == task_id
    return order.index(task_id) - order.index(move.anchor) == (1 if move.before is None else -1)
