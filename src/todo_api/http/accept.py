"""The header Accept (RFC 9110 §12.5.1)."""

import re
from collections.abc import Sequence
from typing import Final

from todo_api.http.media_types import MAX_LENGTH

_WEIGHT: Final = re.compile(r"[ \t]*q=([01](?:\.[0-9]{0,3})?)[ \t]*", re.IGNORECASE)


def preferred(accept: str, offers: Sequence[str]) -> str | None:
    """Return the offered media type that a client prefers, the first of several; None if it accepts none.

    A value of more than `MAX_LENGTH` characters is not read, and accepts none. Parameters other than the weight are
    ignored.
    """
    weights = dict(map(_weight_of, accept.lower().split(","))) if len(accept) <= MAX_LENGTH else {}
    best, best_weight = None, 0.0
    for offer in offers:
        ranges = (offer, f"{offer.partition('/')[0]}/*", "*/*")
        weight = next((weights[each] for each in ranges if each in weights), 0.0)
        if weight > best_weight:
            best, best_weight = offer, weight
    return best


def _weight_of(element: str) -> tuple[str, float]:
    media_range, *parameters = element.split(";")
    weights = [float(match[1]) for match in map(_WEIGHT.fullmatch, parameters) if match]
    return media_range.strip(" \t"), min(weights, default=1.0)
