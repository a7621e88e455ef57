"""The app: routes, the order of things around them, and what lives as long as it does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from todo_api import openapi
from todo_api.container import Container, opened
from todo_api.problems import METHOD_NOT_ALLOWED, NOT_FOUND, Refusal, answer, refusal_of
from todo_api.request_log import RequestLog
from todo_api.routes import batch, changes, health, tasks
from todo_api.settings import Settings
from todo_api.shutdown import told_of_shutdown
from todo_domain import TodoError


def create_app(container: Container | None = None) -> FastAPI:
    """Return the app of a container, or of one made from the settings in the environment."""
    container = container or Container(settings=Settings())
    app = FastAPI(title="todo-backend", lifespan=_lifespan, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.container = container
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]  # the documented way
    for router in (tasks.router, batch.router, changes.router, health.router):
        # Not include_router: it would match every path twice, and no route is shared between apps.
        app.router.routes.extend(router.routes)
    for kind in (TodoError, Refusal, HTTPException):
        app.add_exception_handler(kind, _answer)
    app.add_middleware(RequestLog)
    if origins := container.settings().cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                "If-Match",
                "If-None-Match",
                "Idempotency-Key",
                "Last-Event-ID",
                "X-Request-ID",
            ],
            expose_headers=["ETag", "Location", "Link", "Retry-After", "X-Request-ID", "Idempotency-Replayed"],
            max_age=600,
        )
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    container: Container = app.state.container
    async with opened(container):
        with told_of_shutdown(container.live_feed().close):
            yield


async def _answer(request: Request, error: Exception) -> Response:
    match error:
        case TodoError():
            return answer(request, refusal_of(error))
        case Refusal():
            return answer(request, error)
        case HTTPException(status_code=METHOD_NOT_ALLOWED.status):
            allowed = ", ".join(sorted(_methods_at(request)))
            return answer(request, Refusal(METHOD_NOT_ALLOWED, f"the methods here are {allowed}", {"Allow": allowed}))
        case _:
            return answer(request, Refusal(NOT_FOUND, "there is no such path"))


def _methods_at(request: Request) -> set[str]:
    path = request.scope["path"]
    return {method for route in request.app.routes if route.path_regex.match(path) for method in route.methods}
