"""The HTTP API over the domain: FastAPI at the edge, a container that wires the adapters."""
