"""A server of published keys, in a thread of the test process."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from tests.signing_keys import SigningKey

KEY = SigningKey.generate()


class _KeySet(BaseHTTPRequestHandler):
    """Serves the key set of an issuer at every path."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"keys": [KEY.jwk]}).encode())

    def log_message(self, *_: object) -> None: ...


@contextmanager
def running_key_server() -> Iterator[str]:
    """Serve the public part of KEY, and return the URL of the server."""
    with HTTPServer(("127.0.0.1", 0), _KeySet) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
