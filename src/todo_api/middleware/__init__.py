"""The middleware: request log, errors, limits, HTTPS only."""
