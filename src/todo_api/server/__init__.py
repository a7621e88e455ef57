"""The server process: uvicorn, logs, shutdown, maintenance."""
