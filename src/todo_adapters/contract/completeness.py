"""The first test: the adapter has every method of the ports."""

from todo_adapters.contract.suite import Contract, MakeRepository, missing_methods_of
from todo_domain import NO_QUOTAS, AccessTokenRepository, TaskStore


class HasEveryMethod(Contract):
    """Without it, each missing method would fail many tests."""

    def test_no_method_is_missing(self, make_repository: MakeRepository) -> None:
        store = make_repository(NO_QUOTAS)
        adapter, tokens = type(store), type(getattr(store, "access_tokens", None))

        missing = missing_methods_of(adapter, TaskStore)
        missing += [f"access_tokens.{name}" for name in missing_methods_of(tokens, AccessTokenRepository)]

        assert not missing, f"{adapter.__name__} lacks {', '.join(missing)}"
