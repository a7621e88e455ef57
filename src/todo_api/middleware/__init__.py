"""What surrounds every request: the request log, errors, limits, HTTPS only."""
