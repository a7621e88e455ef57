"""Metrics for Prometheus: counted by each process in plain numbers, and served by the parent on its own listener."""
