"""The contracts on every broken adapter; not collected but by `test_broken_adapters`."""

import contextlib
from datetime import timedelta

import pytest

from tests.tokens import NOW, hs256
from tests.unit.adapters.contract.broken import PROMISES, feeds, lists, retries, tasks, verifiers
from todo_adapters.contract import OpenRepository, OpenVerifier, TaskRepositoryContract, TokenVerifierContract
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_domain import Principal, UserId

__all__ = ["feeds", "lists", "retries", "tasks", "verifiers"]


class TestBrokenRepository(TaskRepositoryContract):
    @pytest.fixture(params=[adapter for adapter in PROMISES if issubclass(adapter, InMemoryTaskRepository)])
    def open_repository(self, request: pytest.FixtureRequest) -> OpenRepository:
        return lambda: contextlib.nullcontext(request.param())


class TestBrokenVerifier(TokenVerifierContract):
    @pytest.fixture(params=[adapter for adapter in PROMISES if issubclass(adapter, verifiers.Verifier)])
    def open_verifier(self, request: pytest.FixtureRequest) -> OpenVerifier:
        principal = Principal(UserId("alice"), NOW + timedelta(seconds=900))
        return lambda: contextlib.nullcontext((request.param(), hs256(), principal))
