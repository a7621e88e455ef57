"""Spans for OpenTelemetry. The container imports this package only if they are exported."""
