"""Task lists in SQLite and PostgreSQL: one schema, statements written once, run on the drivers themselves."""
