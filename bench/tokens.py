"""Tokens signed with a shared secret, or with a key that a JWKS server publishes."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

SECRET = "a secret of the benchmark alone, longer than 32 bytes"
LIFE_SECONDS = 24 * 3600
_KEY_ID = "bench"


class Tokens(Protocol):
    """The tokens of all users; `environment` makes a server accept them."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables of the server."""

    def token(self, user_id: str) -> str:
        """Return a token of the user."""


@dataclass(frozen=True)
class Issuer:
    """Mints tokens of one kind; `environment` makes a server accept them."""

    kind: str
    environment: Mapping[str, str]
    key: str | Ed25519PrivateKey
    url: str | None = None

    def token(self, user_id: str) -> str:
        """Return a token for the user."""
        now = int(time.time())
        claims: dict[str, str | int] = {"user_id": user_id, "iat": now, "exp": now + LIFE_SECONDS}
        if self.url is None:
            return jwt.encode(claims, self.key, "HS256")
        claims |= {"sub": user_id, "iss": self.url, "aud": self.url}
        return jwt.encode(claims, self.key, "EdDSA", headers={"kid": _KEY_ID})


@contextmanager
def issuer(kind: str) -> Iterator[Issuer]:
    """Yield the issuer of a kind, `HS256` or `EdDSA`; EdDSA keys are served during the block."""
    if kind == "HS256":
        yield Issuer(kind, {"BETTER_AUTH_SECRET": SECRET}, SECRET)
        return
    key = Ed25519PrivateKey.generate()
    public = json.loads(OKPAlgorithm.to_jwk(key.public_key())) | {"kid": _KEY_ID, "alg": "EdDSA"}
    with _serving(json.dumps({"keys": [public]}).encode()) as url:
        yield Issuer(kind, {"BETTER_AUTH_URL": url}, key, url)


@contextmanager
def _serving(body: bytes) -> Iterator[str]:
    """Respond to every GET with this body; yield the base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing: the progress bar uses the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
