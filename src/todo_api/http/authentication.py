"""Authenticate the caller, and provide the use cases to endpoints.

The container belongs to the app that serves the request, so that two apps in one process
share nothing.
"""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from todo_api.container import Container
from todo_api.http.headers import header_lines
from todo_api.http.problems import NOT_FOUND, ProblemError, token_missing
from todo_api.schemas.parameters import CalendarToken, UserIdInPath
from todo_domain import Principal, Scope, ScopeMissing, TaskUseCases, TokenRejected
from todo_domain.access_token import TOKEN_PREFIX

_bearer = HTTPBearer(
    scheme_name="bearer",
    auto_error=False,
    description="""A session token: a JSON Web Token (JWT) whose claim `user_id` equals `{user_id}` in the path. Or an
access token of that user, which begins with `todo_pat_` and permits what its scopes say: a GET needs `tasks:read`, any
other method `tasks:write`.

**How to get a session token**

- On your own machine: run `todo-api token --user alice`, or copy the token that `todo-api serve` prints.
- With Better Auth: `GET /api/auth/token` at the Better Auth server returns one for the user who is signed in.

Enter the token alone, without `Bearer`.""",
)


def container_of(request: Request) -> Container:
    """Return the container of the app that serves the request."""
    container: Container = request.scope["app"].container
    return container


def bearer_token_of(request: Request) -> str:
    """Return the bearer token in the Authorization header (RFC 6750 §2.1).

    Raises ProblemError (AUTH_MISSING) if there is none, and TokenRejected.
    """
    lines = header_lines(request.scope, b"authorization")
    if len(lines) > 1:
        raise TokenRejected("more than one Authorization header")
    scheme, _, token = lines[0].partition(" ") if lines else ("", "", "")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise token_missing()
    return token


async def authenticate(request: Request) -> Principal:
    """Return the caller that the bearer token names.

    Raises the errors of `bearer_token_of`, TokenRejected, and TokenVerificationUnavailable.
    """
    principal = await container_of(request).token_verifier().verify(bearer_token_of(request))
    request.scope["principal"] = principal
    return principal


async def use_cases(
    request: Request, user_id: UserIdInPath, _: Annotated[Any, Depends(_bearer)] = None
) -> TaskUseCases:
    """Return the use cases for the list of the user in the path.

    Raises AccessDenied if the caller is another user, and TokenRejected if the caller was erased after the token
    was issued.
    """
    return await use_cases_of(request, await authenticate(request), user_id)


async def use_cases_of(request: Request, principal: Principal, owner: str) -> TaskUseCases:
    """Return the use cases of a principal for the list of an owner. Raises AccessDenied and TokenRejected."""
    container = container_of(request)
    if (erased_users := container.erased_users()).is_stale():
        await erased_users.refresh()
    create: Callable[[Principal, str], TaskUseCases] = container.task_use_cases()
    return create(principal, owner)


async def calendar_use_cases(request: Request, token: CalendarToken) -> TaskUseCases:
    """Return the use cases for the list of the user whose calendar token is in the path.

    Raises ProblemError (NOT_FOUND) for any other token.
    """
    unknown = ProblemError(NOT_FOUND, "there is no calendar with this token")
    if not token.startswith(TOKEN_PREFIX):
        raise unknown  # a session token is not even verified
    try:
        principal: Principal = await container_of(request).token_verifier().verify(token)
        principal.require(Scope.CALENDAR_READ)
        request.scope["principal"] = principal
        return await use_cases_of(request, principal, principal.user_id)
    except (TokenRejected, ScopeMissing) as fault:
        raise unknown from fault


Tasks = Annotated[TaskUseCases, Depends(use_cases)]
CalendarTasks = Annotated[TaskUseCases, Depends(calendar_use_cases)]
