"""When each problem occurs and what to do about it: one table for `/docs/errors` and the docs site.

The texts are sentences in which only `code` is marked up, with backticks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from todo_api.http import problems
from todo_api.http.problems import ProblemType


@dataclass(frozen=True, slots=True)
class ErrorHelp:
    """What a client's developer needs to know about a problem."""

    when: str
    what_to_do: str


ERROR_HELP: Final[Mapping[ProblemType, ErrorHelp]] = {
    problems.AUTH_MISSING: ErrorHelp(
        "The request has no `Authorization: Bearer <token>` header.",
        "Sign in, and send the token with every request. On your own machine, `todo-api token --user alice` prints "
        "one.",
    ),
    problems.AUTH_INVALID: ErrorHelp(
        "The token is expired, revoked, malformed, signed with an unknown key, or lacks a required claim. Or it was "
        "issued before everything of the user was erased. Or it is a session token at the endpoint for assistants, or "
        "an OAuth access token for assistants at the API. The response is the same for each of these; the server's log "
        "line has the reason.",
        "Get a new token and repeat the request once. If the new token is refused too, compare the reason in the log "
        "with the settings that `todo-api check` prints.",
    ),
    problems.AUTH_FORBIDDEN: ErrorHelp(
        "The token is valid, but belongs to another user than the one in the path. The response is the same whether "
        "or not the user in the path exists. Or it is an access token without the scope that the request needs: then "
        "the response's `WWW-Authenticate` names the scope. Or a page whose `Origin` is not in `TODO_CORS_ORIGINS` "
        "called the endpoint for assistants. Or the request erases everything of the user, and its token was issued "
        "more than five minutes ago, or has no `iat`.",
        "Use the user id in the token's claim `user_id` as `{user_id}` in the path. For another scope, create another "
        "access token. Access tokens themselves are managed with a session token only: the scope `account` is its own. "
        "To erase everything, get a new session token.",
    ),
    problems.HTTPS_REQUIRED: ErrorHelp(
        "The server runs in production mode, and the request arrived over plain HTTP.",
        "Use `https://`, and a new token: the old one was sent unencrypted. If a proxy ends TLS, name it in "
        "`TODO_TRUSTED_PROXIES` and let it send `X-Forwarded-Proto: https`.",
    ),
    problems.MALFORMED: ErrorHelp(
        "The body is not a JSON object in UTF-8, contains a name twice, or is a PATCH without a field. Or the "
        "request has a body where none is allowed, or is not valid HTTP/1.1, for instance without `Host`. The status "
        "is 501 for a transfer coding other than `chunked`, and 505 for an HTTP version other than 1.0 and 1.1.",
        "Correct the request; `detail` says what is wrong. The same request always gets the same response.",
    ),
    problems.INVALID: ErrorHelp(
        "A field, parameter or header breaks its rule, or has a name that the API doesn't know.",
        "Correct everything in `errors`: `loc` names the place, `msg` the rule. One response lists up to 100 faults.",
    ),
    problems.NOT_FOUND: ErrorHelp(
        "This user has no such task, project or access token: it never existed or was deleted. Or it is not in the "
        "trash, where it must be to be restored or erased. Or no calendar has this token. Or the API has no such path.",
        "Remove it from the client's copy. If the request repeats a DELETE whose response was lost, the first DELETE "
        "has succeeded. If it repeats a restoration, read the task or the project. For a calendar, create another "
        "access token.",
    ),
    problems.METHOD_NOT_ALLOWED: ErrorHelp(
        "The path exists, but not with this method.",
        "Use one of the methods in the response's `Allow` header.",
    ),
    problems.MISDIRECTED: ErrorHelp(
        "The endpoint for assistants got a request whose header `Host` is not the host and port in `TODO_MCP_URL`.",
        "Use the URL of `TODO_MCP_URL`. Operators: a proxy must pass `Host` on unchanged.",
    ),
    problems.UNSUPPORTED_MEDIA_TYPE: ErrorHelp(
        "The header `Content-Type` is missing, or names something other than JSON in UTF-8. Or the body has a "
        "`Content-Encoding`. Or neither `format` nor `Content-Type` names the format of an import.",
        "Send `Content-Type: application/json`, and the body uncompressed. PATCH also accepts "
        "`application/merge-patch+json`. For an import, name the format in the query, such as `?format=ndjson`.",
    ),
    problems.REQUEST_TIMEOUT: ErrorHelp(
        "The head of the request was not complete 10 s after its first byte, or no part of the body arrived for 10 s.",
        "Repeat the request on a new connection. A write was not done.",
    ),
    problems.PAYLOAD_TOO_LARGE: ErrorHelp(
        "The body is larger than 64 KiB, 512 KiB for a batch or a message of an assistant, or 10 MiB for an import.",
        "Split a batch into several batches, and a file into several files. A single valid task is never this large.",
    ),
    problems.HEADERS_TOO_LARGE: ErrorHelp(
        "The address and the headers together are larger than 64 KiB.",
        "Send fewer or shorter headers. Cookies are a frequent cause; the API doesn't read any.",
    ),
    problems.PRECONDITION_FAILED: ErrorHelp(
        "The task's revision is not one that `If-Match`, `If-None-Match` or `if_revision` allows: usually because "
        "another client changed the task in the meantime.",
        "Read the task again, apply the change to its current state, and send it with the new `ETag`. The header "
        "`ETag` of this response is the current one.",
    ),
    problems.IDEMPOTENCY_CONFLICT: ErrorHelp(
        "The `Idempotency-Key` was used before, with a different request.",
        "Use a new key for each new request, and the same key only to repeat the same request.",
    ),
    problems.CURSOR_EXPIRED: ErrorHelp(
        "The change feed can't continue from this token without missing changes: the server has purged "
        "deletions since then, everything of the user was erased, or the database was restored from a backup.",
        "Read the feed from the start, without `since`. Replace the local copy with the result, then send local "
        "changes that were not sent yet.",
    ),
    problems.QUOTA_EXCEEDED: ErrorHelp(
        "The user would have more open tasks, more tasks in all, more projects (200) or more access tokens (20) than a "
        "user may have. `detail` names the bound. A batch is judged by the list after its last operation.",
        "Complete or delete tasks, or delete access tokens, then repeat the request. Reading, editing, completing and "
        "deleting always work. Operators: the settings `TODO_MAX_OPEN_TASKS` and `TODO_MAX_TASKS`.",
    ),
    problems.RATE_LIMITED: ErrorHelp(
        "One user has sent more requests than the server allows: too much work per second, too many requests that "
        "wait, too many open streams, a second export or import at a time, or more requests with an `Idempotency-Key` "
        "in the last 24 hours than the server remembers. The request had no effect. `RateLimit-Policy`, if present, "
        "names the bound.",
        "Wait for the seconds in `Retry-After`, then repeat the request, with the same key if it had one. Send several "
        "changes as one batch, and read the change feed instead of the whole list. Operators: the settings "
        "`TODO_WORK_PER_SECOND`, `TODO_MAX_IN_PROGRESS`, `TODO_MAX_STREAMS` and `TODO_MAX_IDEMPOTENCY_KEYS`.",
    ),
    problems.OVERLOADED: ErrorHelp(
        "The database can't serve all requests of all users in time, so the server refuses some at once. Or the "
        "exports or imports of all users would need more temporary files than the server allows, or too many files "
        "wait to be checked, or everything of the user is being erased. The request had no effect.",
        "Wait for the seconds in `Retry-After` and a random part of that time, then repeat the request. Double "
        "the time with every further refusal. Operators: `TODO_MAX_EXPORT_BYTES` bounds the files of exports.",
    ),
    problems.DATABASE_ERROR: ErrorHelp(
        "The database failed, or did not respond in time. A write may or may not have happened.",
        "Wait for the seconds in `Retry-After`, then repeat the request: a POST with the same `Idempotency-Key`, a "
        "PUT, PATCH or DELETE with `If-Match`. Operators: `GET /health/ready` and `todo-api check` test the database.",
    ),
    problems.SERVER_STOPPING: ErrorHelp(
        "The server stopped, and the response was not ready after 7 s. A write may or may not have happened.",
        "Repeat the request as described at `DATABASE_ERROR`, on a new connection.",
    ),
    problems.INTERNAL_ERROR: ErrorHelp(
        "The server has a defect.",
        "Report it with the `request_id`: the server's log has the error under this id. Repeat the request only in "
        "the way described at `DATABASE_ERROR`.",
    ),
    problems.AUTH_UNAVAILABLE: ErrorHelp(
        "The server can't load the keys of the Better Auth server, and does not have the key of this token.",
        "Wait for the seconds in `Retry-After`, then repeat the request. Operators: make sure that the server can "
        "reach the address in `TODO_JWKS_URL` or `BETTER_AUTH_URL`.",
    ),
}
