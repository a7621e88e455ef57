"""The ASGI app: its routes, its middleware and its lifespan."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any, Final

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from todo_api.container import Container
from todo_api.http import openapi
from todo_api.http.owner_route import OwnerRoutes
from todo_api.http.problems import (
    METHOD_NOT_ALLOWED,
    UNEXPECTED,
    method_not_allowed,
    no_such_path,
    problem_response,
)
from todo_api.middleware.errors import ErrorMiddleware
from todo_api.middleware.forwarded import ForwardedHeaders
from todo_api.middleware.head_requests import HeadRequests
from todo_api.middleware.https_only import HttpsOnly
from todo_api.middleware.limits import HeaderLimit
from todo_api.middleware.request_log import RequestLog
from todo_api.routes import (
    access_tokens,
    batch,
    calendar,
    changes,
    docs_pages,
    erasure,
    export,
    health,
    imports,
    projects,
    tasks,
    trash,
)
from todo_api.routes.resource_metadata import resource_metadata
from todo_api.server.shutdown import on_shutdown_signal
from todo_api.server.store_opening import store_kept_open
from todo_api.settings import Settings

_EXPOSED_HEADERS: Final = (
    "ETag",
    "Location",
    "Link",
    "Retry-After",
    "X-Request-ID",
    "Idempotency-Replayed",
    "RateLimit",
    "RateLimit-Policy",
    "WWW-Authenticate",
)


class App(FastAPI):
    """FastAPI with our own middleware."""

    container: Container

    def build_middleware_stack(self) -> ASGIApp:
        """Wrap FastAPI's stack: first in OwnerRoutes, then in our middleware. The last one added runs first."""
        settings = self.container.settings()
        app: ASGIApp = OwnerRoutes(super().build_middleware_stack(), self.routes)
        if mcp := self.container.mcp():
            from todo_api.routes.mcp import McpEndpoint  # noqa: PLC0415 - only where it is enabled

            app = McpEndpoint(app, mcp, settings)
        if settings.env == "production":
            app = HttpsOnly(app)
        app = HeadRequests(ErrorMiddleware(HeaderLimit(app)))
        if origins := settings.cors_origins:
            app = CORSMiddleware(
                app,
                allow_origins=origins,
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                # Monitoring tools and libraries add headers. The API reads no cookies, so this is safe.
                allow_headers=["*"],
                allow_credentials=origins != ("*",),
                expose_headers=_EXPOSED_HEADERS,
                max_age=600,
            )
        if tracing := self.container.tracing():
            app = tracing.middleware(app)
        counts = self.container.counts() if settings.metrics_port is not None else None
        app = RequestLog(app, self.container.shutdown(), counts)
        return ForwardedHeaders(app, settings.trusted_proxies) if settings.trusted_proxies else app

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        return openapi.document(self)


def create_app(container: Container | None = None) -> App:
    """Return the app for a container; by default, for a new container with the settings in the environment."""
    app = App(
        title="todo-backend",
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.container = container or Container(settings=Settings())
    settings = app.container.settings()
    for router in (
        batch.router,
        tasks.router,
        trash.router,
        projects.router,
        changes.router,
        changes.stream_router,
        export.router,
        calendar.router,
        imports.router,
        access_tokens.router,
        erasure.router,
        health.router,
        docs_pages.router,
    ):
        # Not include_router, which would match every path twice.
        app.router.routes.extend(router.routes)
    if settings.mcp_url and settings.assistants_issuer:
        app.router.routes.extend(resource_metadata(settings.mcp_url, settings.assistants_issuer).routes)
    for kind in (HTTPException, Exception):
        app.add_exception_handler(kind, _respond)
    return app


@asynccontextmanager
async def _lifespan(app: App) -> AsyncIterator[None]:
    container = app.container
    drain_seconds = container.settings().drain_seconds
    tracing = container.tracing() or nullcontext()
    mcp = container.mcp() or nullcontext()
    oauth = container.oauth_verifier() or nullcontext()
    async with (
        tracing,
        mcp,
        store_kept_open(container),
        container.token_verifier(),
        oauth,
        container.live_feed(),
        container.erased_users(),
    ):
        with on_shutdown_signal(container.shutdown(), container.live_feed().close, drain_seconds):
            yield


async def _respond(request: Request, error: Exception) -> Response:
    match error:
        case HTTPException(status_code=METHOD_NOT_ALLOWED.status):
            return problem_response(request, method_not_allowed(_methods_at(request)))
        case HTTPException():
            return problem_response(request, no_such_path(request.scope["path"]))
        case _:
            return problem_response(request, UNEXPECTED)


def _methods_at(request: Request) -> set[str]:
    path = request.scope["path"]
    return {method for route in request.app.routes if route.path_regex.match(path) for method in route.methods}
