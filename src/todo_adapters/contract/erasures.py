"""Erasures: of a user, only the counters and the time stay, and tokens from before can't write any more."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

import pytest

from todo_adapters.contract.access_tokens import add_token
from todo_adapters.contract.scenario import (
    ALL,
    NOON,
    YEARS_AGO,
    add_titles,
    feed_token,
    new_user,
    noon_plus,
    read_everything,
    set_title,
)
from todo_adapters.contract.suite import Contract
from todo_domain import (
    AccessTokenNotFound,
    Batch,
    Create,
    CreateProject,
    CursorExpired,
    ErasureInProgress,
    FeedToken,
    IdempotencyKey,
    Kind,
    ProjectDraft,
    ProjectNotFound,
    Remove,
    RemoveProject,
    TaskDraft,
    TaskNotFound,
    TaskQuery,
    TaskStore,
    TokenRejected,
    TrashQuery,
    UserId,
)

DRAFT: Final = TaskDraft(title="a")
BATCH: Final = Batch((Create(DRAFT),))
DEVICES: Final = 5


def _key(name: str, request: TaskDraft | Batch = DRAFT) -> IdempotencyKey:
    return IdempotencyKey.of_request(name, request)


WRITES: Final[dict[str, Callable[[TaskStore, UserId, int], Awaitable[object]]]] = {
    "add": lambda store, user, _: store.add(user, DRAFT, at=NOON),
    "add with a key": lambda store, user, _: store.add(user, DRAFT, at=NOON, key=_key("new")),
    "change": lambda store, user, task: store.change(user, task, set_title("b")),
    "remove": lambda store, user, task: store.remove(user, task, at=NOON),
    "remove for good": lambda store, user, task: store.remove(user, task, at=NOON, permanent=True),
    "remove with a guard": lambda store, user, task: store.remove(user, task, at=NOON, guard=lambda _: None),
    "apply": lambda store, user, _: store.apply(user, BATCH, at=NOON),
    "apply with a key": lambda store, user, _: store.apply(user, BATCH, at=NOON, key=_key("new", BATCH)),
    "erase_oldest": lambda store, user, _: store.erase_oldest(user, up_to=ALL, limit=1),
    "access_tokens.add": lambda store, user, _: add_token(store, user),
}
"""Every way in which a caller writes."""


async def fill(store: TaskStore, user_id: UserId) -> Sequence[str]:
    """Give the user several records of each kind, and return the hashes of the access tokens."""
    await add_titles(store, user_id, "abcd")
    await store.remove(user_id, 2, at=NOON)
    await store.remove(user_id, 3, at=NOON, permanent=True)
    projects = (CreateProject(ProjectDraft(name=name)) for name in "abcd")
    await store.apply(user_id, Batch((*projects, RemoveProject(2), RemoveProject(3, permanent=True))), at=NOON)
    await store.add(user_id, DRAFT, at=NOON, key=_key("one"))
    await store.apply(user_id, Batch((Create(DRAFT),) * 2), at=NOON, key=_key("two", Batch((Create(DRAFT),) * 2)))
    return [(await add_token(store, user_id))[1] for _ in range(2)]


async def erase(store: TaskStore, user_id: UserId, at: datetime = NOON, limit: int = ALL) -> None:
    """Erase everything of the user."""
    while not await store.erase_user(user_id, at=at, limit=limit):
        pass


async def _require_empty(store: TaskStore, user_id: UserId, hashes: Sequence[str], revision: int) -> None:
    page, feed = await read_everything(store, user_id)
    trash = await store.list_trash(user_id, TrashQuery())
    projects = await store.list_projects(user_id)
    assert (page.tasks, page.revision) == ((), revision)
    assert (feed.changes, feed.next.revision) == ((), revision)
    assert (await store.changes(user_id, None, ALL, frozenset(Kind))).changes == ()
    assert (trash.tasks, trash.projects, trash.count, trash.revision) == ((), (), 0, revision)
    assert (projects.projects, projects.revision) == ((), revision)
    ids = await store.list_ids(user_id, TaskQuery())
    assert (list(ids.ids), ids.revision) == ([], revision)
    assert list(await store.get_many(user_id, [1, 2, 3, 4])) == []
    assert list(await store.access_tokens.list(user_id)) == []
    async with store.snapshot(user_id) as snapshot:
        assert (snapshot.revision, snapshot.count, [chunk async for chunk in snapshot.chunks]) == (revision, 0, [])
    with pytest.raises(TaskNotFound):
        await store.get(user_id, 4)
    with pytest.raises(ProjectNotFound):
        await store.get_project(user_id, 4)
    for token_hash in hashes:
        with pytest.raises(AccessTokenNotFound):
            await store.access_tokens.find(user_id, token_hash)


class ErasesUsers(Contract):
    """From the first step on, the user has nothing, and only newer tokens can write."""

    async def test_from_the_first_step_of_an_erasure_on_every_read_shows_nothing(self, repository: TaskStore) -> None:
        user = new_user()
        hashes = await fill(repository, user)
        revision = (await repository.revisions([user]))[user]

        is_done = await repository.erase_user(user, at=NOON, limit=1)

        await _require_empty(repository, user, hashes, revision + 1)
        if not is_done:
            for write in WRITES.values():
                with pytest.raises((ErasureInProgress, TaskNotFound)):
                    await write(repository, user, 1)
        steps = 1
        while not is_done:
            is_done = await repository.erase_user(user, at=NOON, limit=1)
            steps += 1
        assert steps <= 8
        await _require_empty(repository, user, hashes, revision + 1)

    async def test_ids_and_revisions_continue_after_an_erasure_and_keys_do_not(self, repository: TaskStore) -> None:
        user = new_user()
        await fill(repository, user)
        revision = (await repository.revisions([user]))[user]

        await erase(repository, user)

        added = await repository.add(user, DRAFT, at=NOON, key=_key("one"))
        project = await repository.apply(user, Batch((CreateProject(ProjectDraft(name="a")),)), at=NOON)
        assert (added.task.id, added.task.revision, added.replayed) == (8, revision + 2, False)
        assert (project.outcomes[0].id, project.outcomes[0].revision) == (5, revision + 3)

    async def test_feed_tokens_from_before_an_erasure_expire(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "ab")
        token = await feed_token(repository, user)

        await erase(repository, user)

        for revision in (1, 2):
            with pytest.raises(CursorExpired):
                await repository.changes(user, FeedToken(token.epoch, revision), ALL)
        assert (await repository.changes(user, FeedToken(token.epoch, 3), ALL)).changes == ()

    async def test_only_a_token_that_was_issued_after_an_erasure_can_write(self, repository: TaskStore) -> None:
        for name, write in WRITES.items():
            user = new_user()
            await erase(repository, user, noon_plus(1))
            newer = UserId(user, noon_plus(1.000001))
            await repository.apply(newer, Batch((Create(DRAFT), Create(DRAFT), Remove(2))), at=NOON)
            before = await read_everything(repository, user)

            for issued_at in (NOON, noon_plus(1)):
                with pytest.raises(TokenRejected):
                    await write(repository, UserId(user, issued_at), 1)

            assert await read_everything(repository, user) == before, name
            await write(repository, newer, 1)

    async def test_an_access_token_is_revoked_only_by_a_token_that_was_issued_after_an_erasure(
        self, repository: TaskStore
    ) -> None:
        user = new_user()
        await erase(repository, user, noon_plus(1))
        token, token_hash = await add_token(repository, UserId(user, noon_plus(2)))

        with pytest.raises((TokenRejected, AccessTokenNotFound)):
            await repository.access_tokens.remove(UserId(user, NOON), token.id)

        assert await repository.access_tokens.find(user, token_hash) == token
        await repository.access_tokens.remove(UserId(user, noon_plus(2)), token.id)

    async def test_an_erasure_changes_nothing_of_other_users(self, repository: TaskStore) -> None:
        user = new_user()
        others = [UserId(f"{user}x"), UserId(user.upper())]
        hashes = [await fill(repository, other) for other in others]
        before = [await read_everything(repository, other) for other in others]

        await fill(repository, user)
        await erase(repository, user)

        assert [await read_everything(repository, other) for other in others] == before
        for other, (token_hash, _) in zip(others, hashes, strict=True):
            await repository.access_tokens.find(other, token_hash)
            old = UserId(other, YEARS_AGO)
            assert (await repository.add(old, DRAFT, at=NOON, key=_key("one"))).replayed

    async def test_no_write_of_concurrent_devices_outlives_an_erasure(self, repository: TaskStore) -> None:
        user = new_user()
        device = UserId(user, NOON)
        await add_titles(repository, user, "a")

        async def write_until_refused(number: int) -> str:
            try:
                while True:
                    started[number].set()
                    await repository.add(device, DRAFT, at=NOON, key=_key(f"{number}") if number == 1 else None)
                    await repository.apply(device, BATCH, at=NOON)
                    task = (await repository.list(device, TaskQuery(limit=1))).tasks[0]
                    await repository.change(device, task.id, set_title(f"{number}"))
                    await asyncio.sleep(0)
            except (TokenRejected, ErasureInProgress, TaskNotFound, IndexError) as refused:
                return type(refused).__name__

        started = [asyncio.Event() for _ in range(DEVICES)]
        devices = [asyncio.create_task(write_until_refused(number)) for number in range(DEVICES)]
        await asyncio.gather(*(each.wait() for each in started))
        await asyncio.gather(*(erase(repository, user, noon_plus(1), limit=3) for _ in range(2)))
        await asyncio.gather(*devices)

        page, _ = await read_everything(repository, user)
        assert page.tasks == ()
        added = await repository.add(UserId(user, noon_plus(2)), DRAFT, at=NOON)
        assert added.task.revision == page.revision + 1

    async def test_an_erasure_at_the_time_of_the_last_one_or_before_changes_nothing(
        self, repository: TaskStore
    ) -> None:
        user = new_user()
        await erase(repository, user, noon_plus(1))
        await add_titles(repository, user, "a")
        before = await read_everything(repository, user)

        done = [await repository.erase_user(user, at=at, limit=ALL) for at in (noon_plus(1), NOON)]
        after = await read_everything(repository, user)
        await erase(repository, user, noon_plus(2))

        assert (done, after) == ([True, True], before)
        assert (await read_everything(repository, user))[0].tasks == ()
