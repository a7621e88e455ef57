"""One module per change of the schema. What was released stays as it was."""
