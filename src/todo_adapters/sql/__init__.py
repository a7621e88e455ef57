"""Task lists in SQLite and PostgreSQL: one schema, and statements that are written once and run by the drivers."""
