"""Request and response bodies, query parameters, their formats, and serialization."""
