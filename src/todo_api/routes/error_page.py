"""The page `/docs/errors`: every error of the API, and what to do about it."""

import re
from collections.abc import Iterable
from html import escape
from itertools import groupby
from operator import attrgetter
from typing import Final

from todo_api.http.error_help import ERROR_HELP
from todo_api.http.problems import ProblemType

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Errors · todo-backend</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{version}/errors.css">
</head>
<body>
<main>
<h1>Errors</h1>
<p>Every error is a problem document (RFC 9457): <code>application/problem+json</code> with <code>error_code</code>,
<code>detail</code> and <code>request_id</code>, and with <code>errors</code> where fields or parameters break a rule.
Each response has a <code>Link</code> header that leads to its entry on this page.
See also the <a href="../docs">API documentation</a>.</p>
{entries}</main>
</body>
</html>
"""
_ENTRY: Final = '<section id="{anchor}">\n<h2><a href="#{anchor}">{code}</a></h2>\n{statuses}</section>\n'
_STATUS: Final = (
    "<h3>{status} {title}</h3>\n<dl>\n<dt>When</dt><dd>{when}</dd>\n<dt>What to do</dt><dd>{what_to_do}</dd>\n</dl>\n"
)


def error_page(version: str) -> str:
    """Return the page in HTML; its style sheet is served below `version`."""
    in_order = sorted(ERROR_HELP, key=attrgetter("error_code", "status"))
    entries = (_entry(code, kinds) for code, kinds in groupby(in_order, key=attrgetter("error_code")))
    return _PAGE.format(version=version, entries="".join(entries))


def _entry(code: str, kinds: Iterable[ProblemType]) -> str:
    found = list(kinds)
    return _ENTRY.format(anchor=found[0].slug, code=code, statuses="".join(map(_status, found)))


def _status(kind: ProblemType) -> str:
    help_text = ERROR_HELP[kind]
    return _STATUS.format(
        status=kind.status,
        title=_html(kind.title),
        when=_html(help_text.when),
        what_to_do=_html(help_text.what_to_do),
    )


def _html(text: str) -> str:
    return re.sub("`([^`]*)`", r"<code>\1</code>", escape(text, quote=False))
