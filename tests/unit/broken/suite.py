"""The contract on every broken adapter; not collected but by `test_broken_adapters`."""

import contextlib

import pytest

from tests.unit.broken import PROMISES, Broken, feeds, lists, retries, tasks
from todo_adapters.contract import OpenRepository, TaskRepositoryContract

__all__ = ["feeds", "lists", "retries", "tasks"]


class TestBrokenAdapter(TaskRepositoryContract):
    @pytest.fixture(params=PROMISES, ids=lambda adapter: adapter.__name__)
    def open_repository(self, request: pytest.FixtureRequest) -> OpenRepository:
        adapter: Broken = request.param
        return lambda: contextlib.nullcontext(adapter())
