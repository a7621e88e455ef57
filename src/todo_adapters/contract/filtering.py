"""Filters and search: exactly the tasks that match, by canonical caseless match."""

import datetime as dt

import pytest

from todo_adapters.contract.field_values import CONDITION_VALUES, DRAFT_VALUES, EVERY_FIELD, draft_with
from todo_adapters.contract.scenario import NOON, add_titles, ids_of, new_user, rewrite
from todo_adapters.contract.suite import Contract
from todo_domain import ChecklistItem, Due, Priority, TaskDraft, TaskQuery, TaskStore

MAY = dt.date(2026, 5, 1)
JUNE = dt.date(2026, 6, 1)
DRAFTS = (
    TaskDraft(title="a", complete=True, priority=Priority.LOW, tags=("Home", "work")),
    TaskDraft(title="b", priority=Priority.HIGH, due=Due(MAY), tags=("home",)),
    TaskDraft(title="c", complete=True, due=Due(MAY, dt.time(0, 0)), tags=("homework", "STRASSE")),
    TaskDraft(title="d", priority=Priority.HIGH, due=Due(JUNE, dt.time(23, 59), "Pacific/Kiritimati"), tags=("café",)),
    TaskDraft(title="e", description="b", due=Due(JUNE), tags=("%", '","', "_")),
)
DONE = ChecklistItem("-", complete=True)
EVERY_OLD = TaskDraft(title="old", description="old", tags=("old",), checklist=(ChecklistItem("old"),))
FILTERS: dict[str, tuple[TaskQuery, list[int]]] = {
    "complete": (TaskQuery(complete=True), [1, 3]),
    "incomplete": (TaskQuery(complete=False), [2, 4, 5]),
    "a priority": (TaskQuery(priority=frozenset({Priority.HIGH})), [2, 4]),
    "one of two priorities": (TaskQuery(priority=frozenset({Priority.LOW, Priority.MEDIUM})), [1, 3, 5]),
    "a tag in any case, whole": (TaskQuery(tag=("HOME",)), [1, 2]),
    "every tag": (TaskQuery(tag=("work", "home")), [1]),
    "a tag that folds to two letters": (TaskQuery(tag=("straße",)), [3]),
    "a tag however its letters are composed": (TaskQuery(tag=("CAFE\u0301",)), [4]),
    "a tag is not a pattern": (TaskQuery(tag=("%",)), [5]),
    "a tag with the characters of lists": (TaskQuery(tag=('","',)), [5]),
    "from a day": (TaskQuery(due_from=JUNE), [4, 5]),
    "a single day": (TaskQuery(due_from=MAY, due_until=MAY), [2, 3]),
    "until a day": (TaskQuery(due_until=dt.date(2026, 5, 31)), [2, 3]),
    "all conditions at once": (TaskQuery(complete=False, priority=frozenset({Priority.HIGH}), q="B"), [2]),
    "conditions that exclude each other": (TaskQuery(due_from=JUNE, due_until=MAY), []),
}

SEARCHES = (
    ("MILK", "buy milk", True),
    ("milk", "BUY MILK", True),
    ("y m", "buy milk", True),
    ("strasse", "Große Straße", True),
    ("ß", "STRASSE", True),
    ("ẞ", "strasse", True),
    ("ΣΊΣΥΦΟΣ", "Σίσυφος", True),
    ("i\u0307s", "İstanbul", True),
    ("İ", "i\u0307", True),
    ("istanbul", "İstanbul", True),
    ("\u0131", "I", False),
    ("\U00010428", "\U00010400", True),
    ("😀", "a😀b", True),
    ("\U0001f601", "\U0001f600", False),
    ("apfel", "Äpfel", False),
    ("É", "cafe\u0301", True),
    ("E\u0301", "café", True),
    ("e", "café", False),
    ("\uac00", "\u1100\u1161", True),
    ("%", "100 %", True),
    ("%", "100", False),
    ("_", "snake_case", True),
    ("_", "snake", False),
    ("m*k", "milk", False),
    ("\\", "back\\slash", True),
    ("\\", "backslash", False),
    ("'", "don't", True),
    ("milk ", "milk", False),
)


class FindsTasks(Contract):
    """A filter lists the tasks that meet it. A search finds code points of folded text."""

    @pytest.mark.parametrize(("query", "expected"), FILTERS.values(), ids=FILTERS)
    async def test_exactly_the_tasks_that_match_every_condition_are_listed(
        self, repository: TaskStore, query: TaskQuery, expected: list[int]
    ) -> None:
        user = new_user()
        for draft in DRAFTS:
            await repository.add(user, draft, at=NOON)

        assert await ids_of(repository, user, query) == expected

    @pytest.mark.parametrize("condition", CONDITION_VALUES)
    async def test_every_condition_lists_the_tasks_that_match_it(self, repository: TaskStore, condition: str) -> None:
        user = new_user()
        drafts = [EVERY_FIELD, *(draft_with(name, v) for name, vs in DRAFT_VALUES.items() for v in vs)]
        tasks = [(await repository.add(user, draft, at=NOON)).task for draft in drafts]

        for value in CONDITION_VALUES[condition]:
            query = TaskQuery(**{condition: value})
            ids = await ids_of(repository, user, query)

            assert ids == [task.id for task in tasks if query.matches(task)], f"{condition}={value!r}"

    async def test_search_compares_folded_code_points_in_title_description_and_checklist(
        self, repository: TaskStore
    ) -> None:
        for needle, text, found in SEARCHES:
            user = new_user()
            await add_titles(repository, user, ["-", text])
            await repository.add(user, TaskDraft(title="-", description=text), at=NOON)
            await repository.add(user, TaskDraft(title="-", checklist=(DONE, ChecklistItem(text))), at=NOON)

            ids = await ids_of(repository, user, TaskQuery(q=needle))

            assert ids == ([2, 3, 4] if found else []), f"{needle!r} in {text!r}"

    async def test_a_search_does_not_continue_from_one_item_of_a_checklist_to_the_next(
        self, repository: TaskStore
    ) -> None:
        user = new_user()
        await repository.add(user, TaskDraft(title="x", checklist=(ChecklistItem("a"), ChecklistItem("b"))), at=NOON)

        for separator in ("", " ", "\n", "\t", "\r", ",", '"'):
            assert await ids_of(repository, user, TaskQuery(q=f"a{separator}b")) == []

    async def test_a_changed_text_is_found_by_its_new_words_only(self, repository: TaskStore) -> None:
        user = new_user()
        await repository.add(user, EVERY_OLD, at=NOON)

        await repository.change(user, 1, rewrite(TaskDraft(title="NEW", tags=("NEW",))))

        assert await ids_of(repository, user, TaskQuery(q="old")) == []
        assert await ids_of(repository, user, TaskQuery(tag=("old",))) == []
        assert await ids_of(repository, user, TaskQuery(q="new", tag=("new",))) == [1]
