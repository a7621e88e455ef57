"""Task lists in this process's memory: for tests, demos and embedding; they end with the process."""

from todo_adapters.in_memory.repository import InMemoryTaskRepository

__all__ = ["InMemoryTaskRepository"]
