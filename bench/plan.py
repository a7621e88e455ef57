"""What to measure, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.contenders import CONTENDERS, POSTGRES


@dataclass(frozen=True)
class Plan:
    """What to measure: parts of the benchmark, servers, operations, kinds of token, numbers of connections.

    `growth_rows` are the sizes of the table of tasks; each user has `tasks_each` of its rows. The database syncs its
    data to disk if it is `durable`.
    """

    parts: Sequence[str]
    servers: Sequence[str]
    operations: Sequence[str]
    tokens: Sequence[str]
    connections: Sequence[int]
    runs: int
    seconds: float
    warmup_seconds: float
    growth_rows: Sequence[int]
    tasks_each: int
    durable: bool = True

    def steps(self) -> int:
        """Return how often `advance` will be called."""
        stored_in_postgres = len(self.in_postgres())
        return sum(
            {
                "load": sum(len(self.accepting(kind)) for kind in self.tokens)
                * self.runs
                * len(self.operations)
                * len(self.connections),
                "wire": stored_in_postgres,
                "growth": self.runs * len(self.growth_rows) * len(self.growing()),
                "delay": self.runs * stored_in_postgres * len(self.operations),
                "workers": self.runs * 2,
                "startup": self.runs,
            }[part]
            for part in self.parts
        )

    def in_postgres(self) -> list[str]:
        """Return the servers that store in PostgreSQL."""
        return [name for name in self.servers if CONTENDERS[name].storage in POSTGRES]

    def accepting(self, kind: str) -> list[str]:
        """Return the servers that accept a kind of token; a server with its own tokens is measured once, with HS256."""
        return [name for name in self.servers if kind == "HS256" or not CONTENDERS[name].own_tokens]

    def growing(self) -> list[str]:
        """Return the servers to measure with growing tables."""
        return [name for name in ("ours", "floor") if name in self.servers]
