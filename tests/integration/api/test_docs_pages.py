"""The documentation in a browser: no other host is needed, and no script but ours runs."""

import re
from urllib.parse import urlsplit

import httpx
import pytest

from tests.integration.api.problems import problem_types
from tests.integration.server import Server

PAGES = ["/docs", "/redoc"]
ERRORS = "/docs/errors"


def policy_of(answer: httpx.Response) -> dict[str, list[str]]:
    directives = answer.headers["Content-Security-Policy"].split(";")
    return {name: sources for name, *sources in map(str.split, directives)}


def addresses_in(page: str) -> list[str]:
    return [found for found in re.findall(r'(?:src|href)="([^#"][^"]*)"', page) if found != "data:,"]


@pytest.mark.parametrize("page", [*PAGES, ERRORS])
def test_a_page_refers_to_its_own_server_only(server: Server, page: str) -> None:
    addresses = addresses_in(httpx.get(server.url + page).text)

    assert addresses
    assert not any(urlsplit(address).netloc or address.startswith("/") for address in addresses)


@pytest.mark.parametrize("page", PAGES)
def test_everything_that_a_page_refers_to_is_served_for_ever(server: Server, page: str) -> None:
    types = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}

    for address in addresses_in(httpx.get(server.url + page).text):
        file = httpx.get(f"{server.url}/{address}")

        assert file.status_code == 200
        assert file.headers["Content-Type"] == types[address.rpartition(".")[2]]
        assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert file.headers["X-Content-Type-Options"] == "nosniff"
        assert file.content


@pytest.mark.parametrize("page", PAGES)
def test_a_page_allows_nothing_but_what_it_names(server: Server, page: str) -> None:
    policy = policy_of(httpx.get(server.url + page))

    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == ["'none'"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy["script-src"] == policy["connect-src"] == ["'self'"]
    allowed = {source for sources in policy.values() for source in sources}
    assert not {source for source in allowed if source.startswith("'unsafe-") or "*" in source or "://" in source}


@pytest.mark.parametrize("page", PAGES)
def test_no_script_and_no_style_stands_in_a_page(server: Server, page: str) -> None:
    text = httpx.get(server.url + page).text

    assert re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL) == ["", ""]
    assert "<style" not in text
    assert "style=" not in text
    assert not re.search(r"\son\w+=", text)


def test_styles_of_redoc_need_a_nonce_that_is_never_the_same(server: Server) -> None:
    answers = [httpx.get(f"{server.url}/redoc") for _ in range(2)]

    nonces = [re.findall(r'nonce="([^"]+)"', answer.text) for answer in answers]
    assert nonces[0] != nonces[1]
    for answer, (nonce,) in zip(answers, nonces, strict=True):
        assert f"'nonce-{nonce}'" in policy_of(answer)["style-src"]


def test_the_image_that_redoc_looks_for_is_served(server: Server) -> None:
    image = httpx.get(f"{server.url}/redoc/logo-mini.svg")

    assert image.status_code == 200
    assert image.headers["Content-Type"] == "image/svg+xml"


def test_both_pages_read_the_document_of_their_server(server: Server) -> None:
    starts = [addresses_in(httpx.get(server.url + page).text)[-1] for page in PAGES]

    assert all('"openapi.json"' in httpx.get(f"{server.url}/{start}").text for start in starts)
    assert httpx.get(f"{server.url}/openapi.json").json()["openapi"].startswith("3.")


def test_a_token_that_was_given_to_swagger_ui_outlives_the_page(server: Server) -> None:
    *_, start = addresses_in(httpx.get(f"{server.url}/docs").text)

    assert "persistAuthorization: true" in httpx.get(f"{server.url}/{start}").text


def test_the_root_leads_to_the_documentation_below_any_prefix(server: Server) -> None:
    answer = httpx.get(f"{server.url}/")

    assert answer.is_redirect
    assert answer.headers["Location"] == "docs"
    assert httpx.get(f"{server.url}/", follow_redirects=True).text == httpx.get(f"{server.url}/docs").text


def test_the_page_of_errors_has_an_anchor_for_every_code_and_a_line_for_every_status(server: Server) -> None:
    page = httpx.get(server.url + ERRORS).text

    anchors = re.findall(r'<section id="([^"]+)"', page)
    assert anchors == sorted({kind.slug for kind in problem_types()})
    lines = re.findall(r"<h3>(\d+) (.*)</h3>", page)
    assert sorted(lines) == sorted((str(kind.status), kind.title) for kind in problem_types())
    assert "`" not in page


def test_the_page_of_errors_runs_no_script_and_its_style_sheet_is_served(server: Server) -> None:
    answer = httpx.get(server.url + ERRORS)

    policy = policy_of(answer)
    assert policy["default-src"] == policy["script-src"] == ["'none'"]
    assert policy["style-src"] == ["'self'"]
    assert "<script" not in answer.text
    assert "style=" not in answer.text
    style = httpx.get(f"{server.url}/docs/{addresses_in(answer.text)[0]}")
    assert style.headers["Content-Type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize("name", ["cli.py", "..%2Fcli.py", ""])
def test_no_other_file_is_served(server: Server, name: str) -> None:
    *_, start = addresses_in(httpx.get(f"{server.url}/docs").text)

    answer = httpx.get(f"{server.url}/{start.rpartition('/')[0]}/{name}")

    assert answer.status_code == 404
    assert answer.json()["error_code"] == "NOT_FOUND"
