"""The failures of a connection that a caller can handle; all others are StorageUnavailable."""

from todo_domain import StorageUnavailable


class ConnectionLost(StorageUnavailable):
    """Raised when a connection broke in use: the last statement may or may not have taken effect."""


class TransactionUndone(StorageUnavailable):
    """Raised when the server undid a transaction because of another one: it can run again."""
