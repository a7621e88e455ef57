import re

import pytest

from todo_api.schemas.feed_parameters import FEED_TOKEN
from todo_domain import TASKS, FeedToken, Kind
from todo_domain.task import MAX_REVISION


@pytest.mark.parametrize("kinds", [TASKS, frozenset({Kind.PROJECT}), frozenset(Kind)])
@pytest.mark.parametrize("place", [(0, 0), (MAX_REVISION, 0), (0, 1), (MAX_REVISION - 1, MAX_REVISION)])
def test_the_pattern_of_a_feed_token_matches_every_token(place: tuple[int, int], kinds: frozenset[Kind]) -> None:
    assert re.search(FEED_TOKEN["pattern"], str(FeedToken("k3v9", *place, kinds=kinds)))
