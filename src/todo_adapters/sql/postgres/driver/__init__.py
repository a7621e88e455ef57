"""Connections to PostgreSQL: a pool, prepared statements, deadlines. Nothing here depends on tasks."""
