import contextlib

import pytest

from todo_adapters.contract import OpenRepository, TaskRepositoryContract
from todo_adapters.in_memory import InMemoryTaskRepository


class TestInMemoryTaskRepository(TaskRepositoryContract):
    @pytest.fixture
    def open_repository(self) -> OpenRepository:
        return lambda: contextlib.nullcontext(InMemoryTaskRepository())
