"""The server behind nginx: a stripped prefix, TLS, HTTP/1.0 to the server, gzip, streams, refused uploads."""

import gzip
import re
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.documents import text_of
from tests.integration.certificates import write_certificate
from tests.integration.proxies import free_port, may_skip, running_proxy
from tests.integration.server import new_user, running_server, settings_for, token_of
from todo_api.container import Container

pytestmark = pytest.mark.skipif(may_skip("nginx"), reason="nginx is not installed")
GZIP = """
    gzip on;
    gzip_proxied any;
    gzip_min_length 0;
    gzip_types application/json;
"""
OTHER_LOCATIONS = """
        location /old/ { proxy_pass http://127.0.0.1:8000/; proxy_http_version 1.0; }
        location /unbuffered/ { proxy_pass http://127.0.0.1:8000/; proxy_request_buffering off; }
        location /chained/ {
            proxy_pass http://127.0.0.1:8000/;
            proxy_set_header X-Forwarded-Proto "HTTPS, http";
        }
        location /cleartext/ { proxy_pass http://127.0.0.1:8000/; proxy_set_header X-Forwarded-Proto http; }
    }
"""


def configuration_of(directory: Path, port: int, upstream: int | None) -> str:
    """Return the published configuration with these addresses, and with other locations."""
    text = GZIP + text_of("deploy/nginx.conf").rstrip().removesuffix("}") + OTHER_LOCATIONS
    for published, here in (
        ("127.0.0.1:8000", f"127.0.0.1:{upstream}"),
        ("listen 443", f"listen 127.0.0.1:{port}"),
        ("/etc/ssl/todo.pem", f"{directory}/certificate.pem"),
        ("/etc/ssl/todo.key", f"{directory}/key.pem"),
    ):
        assert published in text
        text = text.replace(published, here)
    return text


RESOURCE = "https://127.0.0.1/mcp"
PREFIXES = ["/todo", "/old", "/unbuffered", "/chained"]


@dataclass(frozen=True)
class Proxy:
    """A running nginx."""

    url: str
    trusted: ssl.SSLContext
    access_log: Path

    def client(self, prefix: str) -> httpx.Client:
        """Return a client of a new user with the base URL of that user's list."""
        user = new_user()
        headers = {"Authorization": f"Bearer {token_of(user)}"}
        base = f"{self.url}{prefix}/api/{user}"
        return httpx.Client(base_url=base, headers=headers, verify=self.trusted, timeout=30)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    directory = tmp_path_factory.mktemp("nginx")
    certificate = directory / "certificate.pem"
    write_certificate(certificate, directory / "key.pem")
    settings = settings_for(
        directory / "tasks.sqlite3",
        env="production",
        trusted_proxies="127.0.0.1",
        mcp_url=RESOURCE,
        auth="secret",
        better_auth_url="https://auth.example",
    )
    with running_server(Container(settings=settings)) as server:
        port = free_port()
        configuration = configuration_of(directory, port, httpx.URL(server.url).port)
        with running_proxy("nginx", directory, configuration, port):
            trusted = ssl.create_default_context(cafile=str(certificate))
            yield Proxy(f"https://127.0.0.1:{port}", trusted, directory / "access")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_location_and_link_headers_keep_the_prefix_of_the_proxy(proxy: Proxy, prefix: str) -> None:
    with proxy.client(prefix) as client:
        created = [client.post("/tasks", json={"title": title}) for title in ("a", "b")]
        page = client.get("/tasks", params={"limit": 1})

        second = client.get(page.url.join(page.links["next"]["url"])).json()["tasks"]
        found = client.get(created[1].url.join(created[1].headers["Location"]))

    assert found.url.path.startswith(f"{prefix}/api/")
    assert found.json() == created[1].json()
    assert [task["title"] for task in second] == ["b"]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_swagger_ui_sends_its_requests_through_the_prefix_of_the_proxy(proxy: Proxy, prefix: str) -> None:
    with httpx.Client(verify=proxy.trusted) as client:
        docs = client.get(f"{proxy.url}{prefix}/docs")
        (script,) = re.findall(r'src="([^"]*/swagger\.js)"', docs.text)
        (address,) = re.findall(r'"([^"]*openapi\.json)"', client.get(docs.url.join(script)).text)
        document = client.get(docs.url.join(address))

        # Swagger UI resolves a relative server against the URL of the document.
        server = document.url.join(document.json()["servers"][0]["url"])
        health = client.get(f"{str(server).rstrip('/')}/health")

    assert (health.status_code, health.url.path) == (200, f"{prefix}/health")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_https_at_the_proxy_counts_as_https_for_the_server(proxy: Proxy, prefix: str) -> None:
    with proxy.client(prefix) as client:
        response = client.get("/tasks")

    assert (response.status_code, response.headers["Strict-Transport-Security"]) == (200, "max-age=31536000")


def test_the_access_log_of_the_proxy_does_not_have_the_token_of_a_calendar(proxy: Proxy) -> None:
    with proxy.client("/todo") as client:
        created = client.post("/access-tokens", json={"name": "Calendar", "scopes": ["calendar:read"]}).json()
        calendar = client.get(f"{proxy.url}/todo/calendar/{created['token']}.ics")
        client.get("/tasks?q=later")
    while "later" not in (logged := proxy.access_log.read_text()):
        time.sleep(0.01)

    assert calendar.text.startswith("BEGIN:VCALENDAR\r\n")
    assert created["token"] not in logged


def test_http_at_the_first_proxy_is_refused(proxy: Proxy) -> None:
    with proxy.client("/cleartext") as client:
        response = client.get("/tasks")

    assert (response.status_code, response.json()["error_code"]) == (403, "HTTPS_REQUIRED")


def test_an_assistant_reaches_the_endpoint_and_its_metadata(proxy: Proxy) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    with proxy.client("/todo") as client:
        token = client.post("/access-tokens", json={"name": "a", "scopes": ["tasks:read"]}).json()["token"]

        response = client.post(f"{proxy.url}/mcp", json=message, headers={"Authorization": f"Bearer {token}"})
        metadata = client.get(f"{proxy.url}/.well-known/oauth-protected-resource/mcp")

    assert (response.status_code, response.json()["result"]) == (200, {})
    assert metadata.json()["resource"] == RESOURCE


@pytest.mark.parametrize("prefix", ["/todo", "/old"])
def test_a_compressed_response_has_a_weak_tag_and_if_match_needs_the_strong_one(proxy: Proxy, prefix: str) -> None:
    with proxy.client(prefix) as client:
        client.post("/tasks", json={"title": "a"})
        got = client.get("/tasks/1", headers={"Accept-Encoding": "gzip"})

        weak = client.patch("/tasks/1", json={"complete": True}, headers={"If-Match": got.headers["ETag"]})
        strong = client.patch("/tasks/1", json={"complete": True}, headers={"If-Match": f'"{got.json()["revision"]}"'})
        unchanged = client.get("/tasks/1", headers={"If-None-Match": f"W/{strong.headers['ETag'].removeprefix('W/')}"})

    assert (got.headers["Content-Encoding"], got.headers["ETag"]) == ("gzip", 'W/"1"')
    assert (weak.status_code, strong.status_code, unchanged.status_code) == (412, 200, 304)


def test_a_compressed_request_is_refused(proxy: Proxy) -> None:
    with proxy.client("/todo") as client:
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        response = client.post("/tasks", content=gzip.compress(b'{"title": "a"}'), headers=headers)

    assert response.status_code == 415


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_whole_list_arrives_complete(proxy: Proxy, prefix: str) -> None:
    with proxy.client(prefix) as client:
        for batch in range(3):
            operations = [{"op": "create", "task": {"title": f"{batch} {n}"}} for n in range(100)]
            client.post("/tasks/batch", json={"operations": operations}).raise_for_status()

        listed = client.get("/tasks").json()

    assert (listed["count"], len(listed["tasks"])) == (300, 300)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_events_pass_through_the_proxy_without_buffering(proxy: Proxy, prefix: str) -> None:
    with proxy.client(prefix) as client, client.stream("GET", "/changes/stream") as response:
        lines = response.iter_lines()
        retry = next(lines)
        client.post("/tasks", json={"title": "a"})
        data = next(line for line in lines if line.startswith("data:"))

    assert (retry, '"title":"a"' in data) == ("retry: 2000", True)


@pytest.mark.parametrize("prefix", ["/todo", "/old", "/unbuffered"])
@pytest.mark.parametrize(("token", "status"), [(True, 413), (False, 401)])
def test_a_refused_upload_reaches_the_client_every_time(proxy: Proxy, prefix: str, token: object, status: int) -> None:
    with proxy.client(prefix) as client:
        if not token:
            del client.headers["Authorization"]
        # nginx may close a connection whose upload it did not read, just when the next request is sent on it.
        client.headers["Connection"] = "close"

        statuses = [client.post("/tasks", json={"title": "x" * 300_000}).status_code for _ in range(60)]

    assert statuses == [status] * 60
