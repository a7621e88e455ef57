"""The statements about access tokens, and the mapping between their rows and objects of the domain."""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from todo_adapters.sql.dialects import Dialect
from todo_adapters.sql.forms import nullable
from todo_adapters.sql.statements import LIST_OF_USER, NOT_ERASING, ONE, PERMITTED, ZERO, parameter
from todo_adapters.sql.tables import access_tokens
from todo_domain import AccessToken, Scope, UserId

_TOKEN: Final = tuple(access_tokens.c[field] for field in AccessToken._fields if field != "user_id")
"""The columns that `read_token` reads, in this order."""

_OF_USER: Final = access_tokens.c.user_id == sa.bindparam("user_id")
_THE_TOKEN: Final = sa.and_(_OF_USER, access_tokens.c.hash == sa.bindparam("hash"))
_at: Final = parameter(access_tokens.c.last_used_at)

INSERT: Final = sa.insert(access_tokens)
COUNT: Final = sa.select(sa.func.count()).select_from(access_tokens).where(_OF_USER)
REMOVE_EXPIRED: Final = sa.delete(access_tokens).where(
    _OF_USER, access_tokens.c.expires_at <= parameter(access_tokens.c.created_at)
)
"""Removes the tokens of a user that have expired at `created_at`."""

LIST: Final = sa.select(*_TOKEN).where(_OF_USER, NOT_ERASING).order_by(access_tokens.c.created_at, access_tokens.c.id)
FIND: Final = sa.select(*_TOKEN).where(_THE_TOKEN, NOT_ERASING)
REMOVE: Final = (
    sa.delete(access_tokens)
    .where(_OF_USER, access_tokens.c.id == sa.bindparam("id"), ~sa.exists(ONE).where(LIST_OF_USER, ~PERMITTED))
    .returning(access_tokens.c.id)
)
MARK_USED: Final = (
    sa.update(access_tokens)
    .where(_THE_TOKEN, sa.or_(access_tokens.c.last_used_at.is_(None), access_tokens.c.last_used_at < _at))
    .values(last_used_at=_at)
)

_OLD: Final = (
    sa.select(access_tokens.c.user_id, access_tokens.c.hash)
    .where(access_tokens.c.expires_at < sa.bindparam("before"))
    .order_by(access_tokens.c.expires_at)
    .limit(sa.bindparam("limit"))
    .offset(ZERO)
)
COUNT_OLD: Final = sa.select(sa.func.count()).select_from(_OLD.subquery())
PURGE: Final = (
    sa.delete(access_tokens)
    .where(sa.tuple_(access_tokens.c.user_id, access_tokens.c.hash).in_(_OLD))
    .returning(access_tokens.c.id)
)


def token_values(dialect: Dialect, token: AccessToken, token_hash: str) -> dict[str, Any]:
    """Return the values of all columns of `access_tokens`."""
    write = nullable(dialect.write_instant)
    times = {name: write(getattr(token, name)) for name in ("created_at", "expires_at", "last_used_at")}
    return {**token._asdict(), **times, "scopes": " ".join(token.scopes), "hash": token_hash}


def read_token(dialect: Dialect, user_id: UserId, row: Sequence[Any]) -> AccessToken:
    """Return the token in a row of `FIND` or `LIST`."""
    token = AccessToken(user_id, *row)
    scopes: Any = token.scopes
    read = nullable(dialect.read_instant)
    return token._replace(
        scopes=tuple(map(Scope, scopes.split(" "))),
        created_at=read(token.created_at),
        expires_at=read(token.expires_at),
        last_used_at=read(token.last_used_at),
    )
