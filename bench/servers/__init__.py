"""The servers to compare with; each handles the same requests, on the tables of schema.sql."""
