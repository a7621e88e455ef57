"""The change feed: in order, each task once, nothing missed."""

import asyncio

from todo_adapters.contract.scenario import (
    ALL,
    NOON,
    WRITERS,
    add_titles,
    feed_token,
    new_user,
    read_everything,
    read_feed,
    set_title,
)
from todo_adapters.contract.suite import Contract
from todo_domain import Batch, Change, Create, Deletion, FeedToken, Task, TaskDraft, TaskQuery, TaskStore, UserId


async def _write(repository: TaskStore, user_id: UserId, writer: int) -> None:
    """Alter a list in every way, in eight revisions. No later change hides the last ones."""
    draft = TaskDraft(title=f"{writer}")
    changing, going, _ = await add_titles(repository, user_id, [draft.title] * 3)
    await repository.change(user_id, changing.id, set_title("changed"))
    await repository.remove(user_id, going.id, at=NOON)
    await repository.apply(user_id, Batch((Create(draft), Create(draft))), at=NOON)
    await repository.add(user_id, draft, at=NOON)


class ReportsEveryChange(Contract):
    """A reader that continues from the token of each page has exactly the list at the end."""

    async def test_changes_are_in_order_of_revision_with_each_task_once_in_its_latest_state(
        self, repository: TaskStore
    ) -> None:
        user = new_user()
        first, _, third, _ = await add_titles(repository, user, "abcd")
        await repository.remove(user, 2, at=NOON)
        changed = await repository.change(user, 4, set_title("D"))
        first = await repository.change(user, 1, set_title("A"))

        page = await repository.changes(user, None, ALL)

        assert page.changes == (third, Deletion(2, 5), changed, first)
        assert (page.next.revision, page.has_more) == (7, False)

    async def test_a_reader_receives_exactly_the_changes_since_its_token(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "abc")
        token = await feed_token(repository, user)

        changed = await repository.change(user, 1, set_title("A"))
        await repository.remove(user, 3, at=NOON)
        added = (await repository.add(user, TaskDraft(title="d"), at=NOON)).task
        page = await repository.changes(user, token, ALL)

        assert page.changes == (changed, Deletion(3, 5), added)
        assert page.next == FeedToken(token.epoch, 6)

    async def test_a_reader_that_has_seen_everything_keeps_its_token(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "ab")
        token = await feed_token(repository, user)

        page = await repository.changes(user, token, 1)

        assert (page.changes, page.next, page.has_more) == ((), token, False)

    async def test_the_token_of_a_page_continues_after_its_last_change(self, repository: TaskStore) -> None:
        user = new_user()
        tasks = await add_titles(repository, user, "abcd")
        await repository.remove(user, 3, at=NOON)

        short = await repository.changes(user, None, 2)
        rest = await repository.changes(user, short.next, 2)

        assert (short.changes, short.next.revision, short.has_more) == ((tasks[0], tasks[1]), 2, True)
        assert (rest.changes, rest.next.revision, rest.has_more) == ((tasks[3], Deletion(3, 5)), 5, False)

    async def test_pages_of_every_size_have_the_same_changes(self, repository: TaskStore) -> None:
        user = new_user()
        for writer in range(3):
            await _write(repository, user, writer)
        whole = (await repository.changes(user, None, ALL)).changes

        for limit in range(1, len(whole) + 2):
            pages = await read_feed(repository, user, None, limit)

            assert tuple(change for page in pages for change in page) == whole
            assert max(map(len, pages)) <= limit

    async def test_an_empty_list_has_a_token_to_continue_from(self, repository: TaskStore) -> None:
        user = new_user()
        token = await feed_token(repository, user)

        (task,) = await add_titles(repository, user, "a")

        assert (await repository.changes(user, token, ALL)).changes == (task,)

    async def test_a_reader_during_concurrent_writes_misses_nothing(self, repository: TaskStore) -> None:
        user = new_user()
        writing = asyncio.gather(*(_write(repository, user, writer) for writer in range(WRITERS)))

        seen: list[Change] = []
        token: FeedToken | None = None
        reading = True
        while reading:
            at_rest = writing.done()
            page = await repository.changes(user, token, 7)
            seen += page.changes
            token = page.next
            reading = page.has_more or not at_rest
            await asyncio.sleep(0)
        await writing

        revisions = [change.revision for change in seen]
        assert revisions == sorted(set(revisions))
        copy = {change.id: change for change in seen}
        whole = await repository.list(user, TaskQuery(limit=ALL))
        assert {task for task in copy.values() if isinstance(task, Task)} == set(whole.tasks)
        assert sum(isinstance(change, Deletion) for change in copy.values()) == WRITERS
        assert token is not None
        assert token.revision == whole.revision == 8 * WRITERS

    async def test_feeds_of_different_users_do_not_mix(self, repository: TaskStore) -> None:
        alice, bob = new_user(), new_user()
        await add_titles(repository, alice, "a")
        token = await feed_token(repository, alice)
        await add_titles(repository, bob, "abc")
        _, before = await read_everything(repository, alice)

        page = await repository.changes(alice, token, ALL)

        assert (page.changes, page.next) == ((), before.next)
