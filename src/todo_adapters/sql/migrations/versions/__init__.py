"""One module per change of the schema, named `v<revision>_<what>`. A released module is never edited."""
