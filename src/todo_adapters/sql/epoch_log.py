"""The log of epochs: which one a store has when it is opened, and when a new one begins."""

import logging
from typing import Final

_LOG: Final = logging.getLogger(__name__)


def log_opened(epoch: str) -> None:
    """Log the epoch of a store that was opened."""
    _LOG.info("epoch opened", extra={"fields": {"epoch": epoch}})


def log_renewed(epoch: str, *, timeline: str | None = None, level: int = logging.WARNING) -> None:
    """Log a new epoch, and PostgreSQL's timeline if that is why it began. Clients must read their lists again."""
    _LOG.log(level, "epoch renewed", extra={"fields": {"epoch": epoch, "timeline": timeline}})
