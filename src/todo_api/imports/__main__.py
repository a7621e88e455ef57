"""`python -m todo_api.imports`: see `process`."""

from todo_api.imports.process import main

main()
