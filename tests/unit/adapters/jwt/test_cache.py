from tests.tokens import CLAIMS, as_bytes
from todo_adapters.jwt.cache import MAX_TOKENS, TokenCache
from todo_adapters.jwt.claims import ClaimRules

GRANT = ClaimRules().read(as_bytes(CLAIMS))


def test_a_grant_is_cached_for_its_token_only() -> None:
    cache = TokenCache()

    cache.put("token", GRANT)

    assert cache.get("token") is GRANT
    assert cache.get("another") is None


def test_a_full_cache_drops_the_oldest_grant() -> None:
    cache = TokenCache()

    for number in range(MAX_TOKENS + 1):
        cache.put(str(number), GRANT)

    assert [number for number in range(MAX_TOKENS + 1) if cache.get(str(number)) is None] == [0]


def test_a_cleared_cache_is_empty() -> None:
    cache = TokenCache()
    cache.put("token", GRANT)

    cache.clear()

    assert cache.get("token") is None
