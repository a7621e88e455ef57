"""Task lists in the memory of this process: for tests, demos and embedding."""

from todo_adapters.in_memory.repository import InMemoryTaskRepository

__all__ = ["InMemoryTaskRepository"]
