"""The promises about access tokens: each is found by its hash until it is removed, and their number is bounded."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final

import pytest

from todo_adapters.contract.scenario import (
    ALL,
    NOON,
    WRITERS,
    YEARS_AGO,
    add_titles,
    new_user,
    noon_plus,
    read_everything,
)
from todo_adapters.contract.suite import Contract
from todo_domain import AccessToken, AccessTokenDraft, AccessTokenNotFound, QuotaExceeded, Scope, TaskStore, UserId
from todo_domain.access_token import MAX_ACCESS_TOKENS, hash_of, new_secret

DRAFT: Final = AccessTokenDraft(name="Söme script 😀", scopes=[Scope.TASKS_READ, Scope.TASKS_WRITE])


async def add_token(
    store: TaskStore, user_id: UserId, at: datetime = NOON, expires_at: datetime | None = None
) -> tuple[AccessToken, str]:
    """Add a token for the user, and return it and its hash."""
    token = AccessToken.from_draft(replace(DRAFT, expires_at=expires_at), user_id=user_id, at=at)
    token_hash = hash_of(new_secret(user_id))
    await store.access_tokens.add(token, token_hash)
    return token, token_hash


class KeepsAccessTokens(Contract):
    """A token is its owner's alone, and is valid in the store until it is removed."""

    async def test_an_access_token_is_found_by_its_hash_and_listed_as_it_was_added(self, repository: TaskStore) -> None:
        user, tokens = new_user(), repository.access_tokens
        second, second_hash = await add_token(repository, user, noon_plus(2), noon_plus(2.000001))
        first, first_hash = await add_token(repository, user, noon_plus(1))

        assert await tokens.find(user, first_hash) == first
        assert await tokens.find(user, second_hash) == second
        assert list(await tokens.list(user)) == [first, second]

    async def test_an_access_token_of_another_user_is_not_found(self, repository: TaskStore) -> None:
        alice, mallory, tokens = new_user(), new_user(), repository.access_tokens
        token, token_hash = await add_token(repository, alice)
        await add_token(repository, mallory)

        with pytest.raises(AccessTokenNotFound):
            await tokens.find(mallory, token_hash)
        with pytest.raises(AccessTokenNotFound):
            await tokens.remove(mallory, token.id)
        await tokens.mark_used(mallory, token_hash, NOON)

        assert list(await tokens.list(alice)) == [token]
        assert token not in await tokens.list(mallory)

    async def test_a_removed_access_token_is_gone(self, repository: TaskStore) -> None:
        user, tokens = new_user(), repository.access_tokens
        token, token_hash = await add_token(repository, user)
        other, other_hash = await add_token(repository, user)

        await tokens.remove(user, token.id)

        with pytest.raises(AccessTokenNotFound):
            await tokens.find(user, token_hash)
        with pytest.raises(AccessTokenNotFound):
            await tokens.remove(user, token.id)
        assert await tokens.find(user, other_hash) == other

    async def test_the_last_use_of_an_access_token_never_goes_back(self, repository: TaskStore) -> None:
        user, tokens = new_user(), repository.access_tokens
        token, token_hash = await add_token(repository, user)
        other, _ = await add_token(repository, user, noon_plus(1))

        for second in (1, 3, 2):
            await tokens.mark_used(user, token_hash, noon_plus(second))
        await tokens.mark_used(user, "unknown", NOON)

        assert list(await tokens.list(user)) == [token._replace(last_used_at=noon_plus(3)), other]

    async def test_expired_access_tokens_are_not_counted_and_make_room(self, repository: TaskStore) -> None:
        user = new_user()
        for _ in range(MAX_ACCESS_TOKENS - 1):
            await add_token(repository, user)
        _, expired_hash = await add_token(repository, user, NOON, noon_plus(5))

        with pytest.raises(QuotaExceeded):
            await add_token(repository, user, noon_plus(4))
        await add_token(repository, user, noon_plus(5))

        assert len(await repository.access_tokens.list(user)) == MAX_ACCESS_TOKENS
        with pytest.raises(AccessTokenNotFound):
            await repository.access_tokens.find(user, expired_hash)

    async def test_concurrent_writers_never_exceed_the_number_of_access_tokens(self, repository: TaskStore) -> None:
        user = new_user()
        for _ in range(MAX_ACCESS_TOKENS - 3):
            await add_token(repository, user)

        async def compete() -> None:
            with suppress(QuotaExceeded):
                await add_token(repository, user)

        await asyncio.gather(*(compete() for _ in range(WRITERS)))

        assert len(await repository.access_tokens.list(user)) == MAX_ACCESS_TOKENS

    async def test_only_expired_access_tokens_are_purged(self, repository: TaskStore) -> None:
        user, tokens = new_user(), repository.access_tokens
        await tokens.purge(before=YEARS_AGO, limit=ALL)
        long_ago = YEARS_AGO.replace(month=1, day=1)
        kept = [(await add_token(repository, user, long_ago, expires_at))[0] for expires_at in (YEARS_AGO, None)]
        for _ in range(3):
            await add_token(repository, user, long_ago, YEARS_AGO.replace(hour=11))

        counted = await tokens.purge(before=YEARS_AGO, limit=ALL, dry_run=True)
        purged = [await tokens.purge(before=YEARS_AGO, limit=2) for _ in range(3)]

        assert (counted, purged) == (3, [2, 1, 0])
        assert {token.id for token in await tokens.list(user)} == {token.id for token in kept}

    async def test_access_tokens_do_not_change_the_list(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, ["a"])
        before = await read_everything(repository, user)

        token, token_hash = await add_token(repository, user)
        await repository.access_tokens.mark_used(user, token_hash, NOON)
        await repository.access_tokens.remove(user, token.id)

        assert await read_everything(repository, user) == before
