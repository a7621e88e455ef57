"""The command line: run the server and operate it."""
