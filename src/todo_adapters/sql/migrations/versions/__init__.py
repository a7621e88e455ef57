"""One module per change of the schema, named `v<revision>_<what>`. What was released stays as it was."""
