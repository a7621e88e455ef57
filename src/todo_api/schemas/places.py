"""Where in a request a value that breaks a rule is."""

from todo_domain import RuleViolated


class violations_at:  # noqa: N801 - as contextlib's own, whose generators take twice the time
    """Says of every rule violated in its block that it is about a value at `place`, such as `"body"`.

    It keeps no state, so one can serve many requests at once.
    """

    def __init__(self, *place: str | int) -> None:
        self._place = place

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, RuleViolated):
            raise error.at(*self._place) from None
