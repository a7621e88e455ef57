"""The files of prometheus-client's multiprocess mode, written from plain numbers.

prometheus-client's own counters write to these files with every increment, which costs
too much of a request. The parent reads the files with prometheus-client's collector.
"""

from collections.abc import Iterable
from functools import cache
from math import inf
from pathlib import Path
from typing import Final

from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import mark_process_dead
from prometheus_client.utils import floatToGoString

from todo_api.server.metrics.definitions import COUNTER, HISTOGRAM, METRICS
from todo_api.server.metrics.histogram import BOUNDS, Histogram
from todo_api.server.metrics.samples import Sample

_BOUNDS: Final = [floatToGoString(bound) for bound in (*BOUNDS, inf)]


class MetricFiles:
    """The files of one worker.

    A worker that replaces a dead one has its number, and continues its counters and
    histograms. So sums never decrease, and the number of files does not grow.
    """

    def __init__(self, directory: Path, worker: int) -> None:
        mark_process_dead(worker, str(directory))  # the gauges of its predecessor
        kinds = {metric.kind for metric in METRICS.values()}
        self._files = {kind: _open(directory / f"{kind}_{worker}.db") for kind in kinds}
        continued = (self._files[COUNTER], self._files[HISTOGRAM])
        self._before = {key: value for file in continued for key, value, _ in file.read_all_values()}

    def write(self, samples: Iterable[Sample]) -> None:
        """Write the current values."""
        for name, labels, value in samples:
            if isinstance(value, Histogram):
                for bound, count in zip(_BOUNDS, value.buckets, strict=True):
                    self._write(name, "_bucket", (*labels, bound), count)
                self._write(name, "_sum", labels, value.sum)
            else:
                self._write(name, "", labels, value)

    def _write(self, name: str, suffix: str, labels: tuple[str, ...], value: float) -> None:
        key = _key(name, suffix, labels)
        self._files[METRICS[name].kind].write_value(key, self._before.get(key, 0.0) + value, 0.0)

    def close(self) -> None:
        """Close the files, which keep the values."""
        for file in self._files.values():
            file.close()


def _open(path: Path) -> MmapedDict:
    """Open a file. A new one gets its name when it is complete, because the parent may read it at any time."""
    if path.exists():
        return MmapedDict(str(path))
    unfinished = path.with_suffix(".new")
    file = MmapedDict(str(unfinished))
    unfinished.rename(path)
    return file


@cache
def _key(name: str, suffix: str, labels: tuple[str, ...]) -> str:
    """Return the key of a value. Cached without a bound: the values of labels are bounded."""
    metric = METRICS[name]
    names = [*metric.labels, "le"] if suffix == "_bucket" else list(metric.labels)
    family = name.removesuffix("_total")
    return mmap_key(family, name + suffix, names, list(labels), metric.help)
