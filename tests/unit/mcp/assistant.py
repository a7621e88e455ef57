"""An assistant that calls the tools on a list in memory."""

import asyncio
from collections.abc import Sequence
from typing import Any

from tests.opening import open_at_once
from tests.unit.domain.strategies import ALICE, NOON
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_adapters.system_clock import SystemClock
from todo_domain import Change, Principal, Quotas, TaskUseCases
from todo_mcp.tools import TOOLS


class Assistant:
    """Calls tools for alice, and counts what that costs."""

    def __init__(self, *, keeps_trash: bool = True, quotas: Quotas | None = None) -> None:
        repository = open_at_once(InMemoryTaskRepository(quotas) if quotas else InMemoryTaskRepository())
        self.tasks = TaskUseCases(repository, SystemClock(), Principal(ALICE, NOON), ALICE, keeps_trash=keeps_trash)
        self.operations = self.returned = 0

    def charge_operations(self, count: int) -> None:
        self.operations += count

    def charge_tasks(self, returned: Sequence[Change]) -> None:
        self.returned += len(returned)

    def call(self, tool: str, arguments: object = None, /, **named: Any) -> dict[str, Any]:
        """Return the result of a tool."""
        return asyncio.run(TOOLS[tool](self.tasks, self, named if arguments is None else arguments))

    def add(self, *titles: str, **fields: Any) -> list[dict[str, Any]]:
        """Add tasks, and return their ids and revisions."""
        entries = [{"title": title, **fields} for title in titles]
        added: list[dict[str, Any]] = self.call("add_tasks", key=f"key-{self.operations}", tasks=entries)["tasks"]
        return added

    def titles(self, **arguments: Any) -> list[str]:
        """Return the titles of the tasks that are found."""
        return [task["title"] for task in self.call("find_tasks", **arguments)["tasks"]]
