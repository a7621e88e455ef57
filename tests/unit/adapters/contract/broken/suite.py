"""The contracts on every broken adapter; only `test_broken_adapters` collects them."""

import contextlib
from datetime import timedelta

import pytest

from tests.opening import with_quotas
from tests.tokens import NOW, hs256
from tests.unit.adapters.contract.broken import (
    PROMISES,
    access_tokens,
    erasures,
    feeds,
    imports,
    lifecycle,
    lists,
    moves,
    project_tasks,
    projects,
    quotas,
    recurring,
    retries,
    snapshots,
    tasks,
    trash,
    verifiers,
)
from todo_adapters.contract import DurableTaskRepositoryContract, MakeRepository, MakeVerifier, TokenVerifierContract
from todo_domain import Principal, UserId

__all__ = [
    "access_tokens",
    "erasures",
    "feeds",
    "imports",
    "lifecycle",
    "lists",
    "moves",
    "project_tasks",
    "projects",
    "quotas",
    "recurring",
    "retries",
    "snapshots",
    "tasks",
    "trash",
    "verifiers",
]


class TestBrokenRepository(DurableTaskRepositoryContract):
    @pytest.fixture(params=[adapter for adapter in PROMISES if not issubclass(adapter, verifiers.Verifier)])
    def make_repository(self, request: pytest.FixtureRequest) -> MakeRepository:
        return with_quotas(request.param())


class TestBrokenVerifier(TokenVerifierContract):
    @pytest.fixture(params=[adapter for adapter in PROMISES if issubclass(adapter, verifiers.Verifier)])
    def make_verifier(self, request: pytest.FixtureRequest) -> MakeVerifier:
        principal = Principal(UserId("alice"), NOW + timedelta(seconds=900))
        return lambda: contextlib.nullcontext((request.param(), hs256(), principal))
