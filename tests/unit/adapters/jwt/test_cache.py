from tests.tokens import CLAIMS, as_bytes
from todo_adapters.jwt.cache import MAX_GRANTS, GrantCache
from todo_adapters.jwt.claims import ClaimRules

GRANT = ClaimRules().read(as_bytes(CLAIMS))


def test_a_grant_is_remembered_for_its_token_alone() -> None:
    cache = GrantCache()

    cache.put("token", GRANT)

    assert cache.get("token") is GRANT
    assert cache.get("another") is None


def test_the_oldest_grant_makes_room_for_one_too_many() -> None:
    cache = GrantCache()

    for number in range(MAX_GRANTS + 1):
        cache.put(str(number), GRANT)

    assert [number for number in range(MAX_GRANTS + 1) if cache.get(str(number)) is None] == [0]


def test_what_is_cleared_is_forgotten() -> None:
    cache = GrantCache()
    cache.put("token", GRANT)

    cache.clear()

    assert cache.get("token") is None
