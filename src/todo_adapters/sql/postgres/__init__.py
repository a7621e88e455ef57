"""Task lists in PostgreSQL."""
