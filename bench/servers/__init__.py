"""The programs that the server is measured against; each answers the same requests, on the tables of schema.sql."""
