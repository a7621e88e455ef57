"""Swagger UI at `/docs`, Redoc at `/redoc` and the errors at `/docs/errors`, under a strict Content-Security-Policy.

The files come from the package `fastapi-standalone-docs`. Nothing is loaded from another
host. The pages contain no inline script, so the policy can forbid inline scripts.
"""

import secrets
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse

from todo_api.routes.error_page import error_page

router: Final = APIRouter(include_in_schema=False)

_OWN_FILES: Final = Path(__file__).with_name("static")
_PACKAGE: Final = distribution("fastapi-standalone-docs")
_PACKAGE_FILES: Final = Path(str(_PACKAGE.locate_file("fastapi_standalone_docs/static")))
_FILES: Final = {
    path.name: path
    for path in (
        _OWN_FILES / "swagger.js",
        _PACKAGE_FILES / "swagger" / "swagger-ui-bundle.js",
        _PACKAGE_FILES / "swagger" / "swagger-ui.css",
        _OWN_FILES / "redoc.js",
        _OWN_FILES / "errors.css",
        _PACKAGE_FILES / "redoc" / "redoc.standalone.js",
        _PACKAGE_FILES / "redoc" / "logo-mini.svg",
    )
}
_MEDIA_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
# Part of every file's address, so that browsers may cache the files without a limit.
_VERSION: Final = f"{version('todo-backend')}-{_PACKAGE.version}"

_POLICY: Final = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "connect-src 'self'; img-src 'self' data:; "
)
# Redoc inserts two styles before it reads the nonce: an empty one, and one for its scroll bars.
_REDOC_STYLES: Final = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"
)
_ERROR_PAGE: Final = error_page(_VERSION)
# Addresses are relative, because a proxy may strip a prefix.
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>todo-backend</title>
<link rel="icon" href="data:,">
{style}</head>
<body>
<div id="page"></div>
<script src="docs/{version}/{library}"></script>
<script src="docs/{version}/{start}"{nonce}></script>
</body>
</html>
"""


@router.get("/")
async def root() -> RedirectResponse:
    """Redirect to the documentation. The reference is relative, because a proxy may strip a prefix."""
    return RedirectResponse("docs")


@router.get("/docs")
async def swagger_ui() -> HTMLResponse:
    """Show the OpenAPI document with Swagger UI, which sends requests with a token that the browser stores."""
    style = f'<link rel="stylesheet" href="docs/{_VERSION}/swagger-ui.css">\n'
    page = _PAGE.format(style=style, version=_VERSION, library="swagger-ui-bundle.js", start="swagger.js", nonce="")
    return _page(page, "style-src 'self'")


@router.get("/redoc")
async def redoc() -> HTMLResponse:
    """Show the OpenAPI document with Redoc."""
    nonce = secrets.token_urlsafe(16)
    page = _PAGE.format(
        style="", version=_VERSION, library="redoc.standalone.js", start="redoc.js", nonce=f' nonce="{nonce}"'
    )
    return _page(page, f"style-src 'nonce-{nonce}' {_REDOC_STYLES}; worker-src blob:")


@router.get("/docs/errors")
async def errors() -> HTMLResponse:
    """Show every error and what to do about it."""
    return _page(_ERROR_PAGE, "style-src 'self'", scripts="'none'")


def _page(page: str, policy: str, scripts: str = "'self'") -> HTMLResponse:
    headers = {
        "Content-Security-Policy": f"{_POLICY}script-src {scripts}; {policy}",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }
    return HTMLResponse(page, headers=headers)


@router.get(f"/docs/{_VERSION}/{{name}}")
async def file(name: str) -> FileResponse:
    """Serve a file that the pages load."""
    if name not in _FILES:
        raise HTTPException(404)
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return FileResponse(_FILES[name], media_type=_MEDIA_TYPES[_FILES[name].suffix], headers=headers)


@router.get("/redoc/logo-mini.svg")
async def logo() -> FileResponse:
    """Serve the image that Redoc loads below its page."""
    return await file("logo-mini.svg")
