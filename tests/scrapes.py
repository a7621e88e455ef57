"""Scrape `/metrics`."""

import time
import urllib.request
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

Values = dict[tuple[str, frozenset[tuple[str, str]]], float]
_WAIT_SECONDS: Final = 60


def scraped(url: str) -> Values:
    """Return all values by name and labels."""
    with urllib.request.urlopen(url) as response:
        families = text_string_to_metric_families(response.read().decode())
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for each in families
            for sample in each.samples
        }


def value(values: Values, name: str, **labels: str) -> float:
    return values[name, frozenset(labels.items())]


def scraped_when(url: str, expected: float, name: str, **labels: str) -> Values:
    """Scrape until a metric has a value, and return all values."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while (values := scraped(url)).get((name, frozenset(labels.items()))) != expected:
        assert time.monotonic() < deadline, values
        time.sleep(0.05)
    return values
