"""One module per change of the schema. A released module is never edited."""
