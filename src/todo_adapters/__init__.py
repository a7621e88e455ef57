"""Implementations of the ports of `todo_domain`."""
