"""The endpoints of access tokens: list, create, revoke."""

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from todo_api.http.authentication import Tasks, container_of
from todo_api.http.openapi import BODY, problem_responses
from todo_api.http.owner_route import OwnerRoute
from todo_api.http.problems import NOT_FOUND, QUOTA_EXCEEDED
from todo_api.http.responses import JsonResponse
from todo_api.schemas.access_tokens import (
    AccessTokenCreate,
    AccessTokenCreated,
    AccessTokenListResponse,
    access_token_response,
)
from todo_api.schemas.parameters import AccessTokenId
from todo_domain import AccessTokenUseCases, Scope


class AccountRoute(OwnerRoute):
    """An OwnerRoute that only a session token may use."""

    scope = Scope.ACCOUNT


router: Final = APIRouter(prefix="/api/{user_id}/access-tokens", tags=["access tokens"], route_class=AccountRoute)


@router.get(
    "", operation_id="list_access_tokens", response_model=AccessTokenListResponse, responses=problem_responses()
)
async def list_access_tokens(request: Request, tasks: Tasks) -> Response:
    """List all access tokens, without their secrets.

    A user has at most 20, so there are no pages. Expired tokens are removed within an hour.
    """
    found = await _use_cases(request, tasks).list()
    return JsonResponse({"access_tokens": [access_token_response(token) for token in found], "count": len(found)})


@router.post(
    "",
    operation_id="create_access_token",
    response_model=AccessTokenCreated,
    status_code=201,
    responses=problem_responses(*BODY, QUOTA_EXCEEDED),
)
async def create_access_token(request: Request, tasks: Tasks, body: AccessTokenCreate) -> Response:
    """Create an access token for a script, a calendar or an assistant.

    Only this response has the secret, in `token`. If the response is lost, delete the token and
    create another one.
    """
    token, secret = await _use_cases(request, tasks).create(body.as_domain)
    response = JsonResponse({**access_token_response(token), "token": secret}, status=201)
    response.headers["Cache-Control"] = "no-store"
    return response


@router.delete(
    "/{access_token_id}",
    operation_id="delete_access_token",
    status_code=204,
    responses=problem_responses(NOT_FOUND),
)
async def delete_access_token(request: Request, tasks: Tasks, access_token_id: AccessTokenId) -> Response:
    """Delete an access token, which revokes it.

    It is refused at once by the server process that sends the response, and by all others within
    10 seconds. Its streams end within 10 seconds.
    """
    await _use_cases(request, tasks).remove(access_token_id)
    return Response(status_code=204)


def _use_cases(request: Request, tasks: Tasks) -> AccessTokenUseCases:
    use_cases: AccessTokenUseCases = container_of(request).access_token_use_cases()(
        request.scope["principal"], tasks.user_id
    )
    return use_cases
