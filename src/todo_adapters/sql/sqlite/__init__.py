"""Task lists in an SQLite file."""
