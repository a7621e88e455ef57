"""The documentation pages need no other host and run only our scripts."""

import re
from urllib.parse import urlsplit

import httpx
import pytest

from tests.integration.api.problems import problem_types
from tests.integration.server import Server

PAGES = ["/docs", "/redoc"]
ERRORS = "/docs/errors"


def policy_of(response: httpx.Response) -> dict[str, list[str]]:
    directives = response.headers["Content-Security-Policy"].split(";")
    return {name: sources for name, *sources in map(str.split, directives)}


def addresses_in(page: str) -> list[str]:
    return [found for found in re.findall(r'(?:src|href)="([^#"][^"]*)"', page) if found != "data:,"]


@pytest.mark.parametrize("page", [*PAGES, ERRORS])
def test_a_page_refers_only_to_its_own_server(server: Server, page: str) -> None:
    addresses = addresses_in(httpx.get(server.url + page).text)

    assert addresses
    assert not any(urlsplit(address).netloc or address.startswith("/") for address in addresses)


@pytest.mark.parametrize("page", PAGES)
def test_every_file_of_a_page_is_served_and_cached_forever(server: Server, page: str) -> None:
    types = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}

    for address in addresses_in(httpx.get(server.url + page).text):
        file = httpx.get(f"{server.url}/{address}")

        assert file.status_code == 200
        assert file.headers["Content-Type"] == types[address.rpartition(".")[2]]
        assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert file.headers["X-Content-Type-Options"] == "nosniff"
        assert file.content


@pytest.mark.parametrize("page", PAGES)
def test_the_content_security_policy_of_a_page_allows_only_its_own_server(server: Server, page: str) -> None:
    policy = policy_of(httpx.get(server.url + page))

    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == ["'none'"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy["script-src"] == policy["connect-src"] == ["'self'"]
    allowed = {source for sources in policy.values() for source in sources}
    assert not {source for source in allowed if source.startswith("'unsafe-") or "*" in source or "://" in source}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_no_inline_script_and_no_inline_style(server: Server, page: str) -> None:
    text = httpx.get(server.url + page).text

    assert re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL) == ["", ""]
    assert "<style" not in text
    assert "style=" not in text
    assert not re.search(r"\son\w+=", text)


def test_redoc_styles_need_a_new_nonce_for_every_response(server: Server) -> None:
    responses = [httpx.get(f"{server.url}/redoc") for _ in range(2)]

    nonces = [re.findall(r'nonce="([^"]+)"', response.text) for response in responses]
    assert nonces[0] != nonces[1]
    for response, (nonce,) in zip(responses, nonces, strict=True):
        assert f"'nonce-{nonce}'" in policy_of(response)["style-src"]


def test_the_logo_that_redoc_requests_is_served(server: Server) -> None:
    image = httpx.get(f"{server.url}/redoc/logo-mini.svg")

    assert image.status_code == 200
    assert image.headers["Content-Type"] == "image/svg+xml"


def test_both_pages_load_the_openapi_document_of_their_server(server: Server) -> None:
    starts = [addresses_in(httpx.get(server.url + page).text)[-1] for page in PAGES]

    assert all('"openapi.json"' in httpx.get(f"{server.url}/{start}").text for start in starts)
    assert httpx.get(f"{server.url}/openapi.json").json()["openapi"].startswith("3.")


def test_swagger_ui_keeps_a_token_after_a_reload(server: Server) -> None:
    *_, start = addresses_in(httpx.get(f"{server.url}/docs").text)

    assert "persistAuthorization: true" in httpx.get(f"{server.url}/{start}").text


def test_the_root_redirects_to_the_docs_with_a_relative_location(server: Server) -> None:
    response = httpx.get(f"{server.url}/")

    assert response.is_redirect
    assert response.headers["Location"] == "docs"
    assert httpx.get(f"{server.url}/", follow_redirects=True).text == httpx.get(f"{server.url}/docs").text


def test_the_errors_page_has_an_anchor_for_every_code_and_a_heading_for_every_status(server: Server) -> None:
    page = httpx.get(server.url + ERRORS).text

    anchors = re.findall(r'<section id="([^"]+)"', page)
    assert anchors == sorted({kind.slug for kind in problem_types()})
    lines = re.findall(r"<h3>(\d+) (.*)</h3>", page)
    assert sorted(lines) == sorted((str(kind.status), kind.title) for kind in problem_types())
    assert "`" not in page


def test_the_errors_page_has_no_script_and_its_style_sheet_is_served(server: Server) -> None:
    response = httpx.get(server.url + ERRORS)

    policy = policy_of(response)
    assert policy["default-src"] == policy["script-src"] == ["'none'"]
    assert policy["style-src"] == ["'self'"]
    assert "<script" not in response.text
    assert "style=" not in response.text
    style = httpx.get(f"{server.url}/docs/{addresses_in(response.text)[0]}")
    assert style.headers["Content-Type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize("name", ["cli.py", "..%2Fcli.py", ""])
def test_no_other_file_is_served(server: Server, name: str) -> None:
    *_, start = addresses_in(httpx.get(f"{server.url}/docs").text)

    response = httpx.get(f"{server.url}/{start.rpartition('/')[0]}/{name}")

    assert response.status_code == 404
    assert response.json()["error_code"] == "NOT_FOUND"
