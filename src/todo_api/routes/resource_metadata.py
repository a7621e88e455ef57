"""What a client must know to get an OAuth access token for the endpoint for assistants (RFC 9728)."""

from typing import Final
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.responses import JSONResponse

from todo_api.addresses import origin_of
from todo_domain import Scope

SCOPES: Final = f"{Scope.TASKS_READ} {Scope.TASKS_WRITE}"
_WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"


def metadata_url(resource: str) -> str:
    """Return the URL of the metadata of a resource (RFC 9728 §3.1)."""
    return f"{origin_of(resource)}{_WELL_KNOWN}{urlsplit(resource).path}"


def resource_metadata(resource: str, issuer: str) -> APIRouter:
    """Return the routes of the metadata: at the path for the resource, and at the root, which clients try after it."""
    document = {
        "resource": resource,
        "resource_name": "Tasks",
        "authorization_servers": [issuer],
        "scopes_supported": SCOPES.split(),
        "bearer_methods_supported": ["header"],
    }

    async def get_metadata() -> JSONResponse:
        return JSONResponse(document, headers={"Cache-Control": "public, max-age=300"})

    router = APIRouter(include_in_schema=False)
    for path in (_WELL_KNOWN + urlsplit(resource).path, _WELL_KNOWN):
        router.add_api_route(path, get_metadata)
    return router
