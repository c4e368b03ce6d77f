"""Lambda's Runtime API for one function: hands out one event, takes the answer (decision 0013).

The other end is awslambdaric, the runtime's own client, which loads the handler by its handler
string as on Lambda. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BASE = "/2018-06-01/runtime/"
REQUEST_ID = "00000000-0000-4000-8000-000000000001"
ARN = "arn:aws:lambda:eu-central-1:123456789012:function:checked"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: a runtime is ended in the middle of its wait for more work."""


class RuntimeApi:
    """Serves on a free port of the loopback interface until `close`."""

    def __init__(self, event: dict[str, Any] | None) -> None:
        self.loaded = threading.Event()
        """Set once the runtime asks for work: the handler's module was imported."""
        self.done = threading.Event()
        """Set once there is an answer or an error."""
        self.answer: Any = None
        self.error: dict[str, Any] | None = None
        self._event = event
        self._closed = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """Value for AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop serving, and let go of a runtime that waits for more work."""
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()

    def _next(self) -> dict[str, Any] | None:
        """The event at the first call; later calls wait until there will be no more work."""
        self.loaded.set()
        event, self._event = self._event, None
        if event is None:
            self._closed.wait()
        return event

    def _take(self, path: str, body: bytes) -> None:
        content = json.loads(body or b"null")
        if path.endswith("/response"):
            self.answer = content
        else:
            self.error = content or {"errorMessage": "the runtime gave no reason"}
        self.done.set()

    def _handler(api) -> type[BaseHTTPRequestHandler]:  # noqa: N805  (`self` is the inner one)
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # (the library's name)
                event = api._next()
                if event is None:
                    self.close_connection = True
                    return
                headers = {
                    "Lambda-Runtime-Aws-Request-Id": REQUEST_ID,
                    "Lambda-Runtime-Deadline-Ms": str(int((time.time() + 30) * 1000)),
                    "Lambda-Runtime-Invoked-Function-Arn": ARN,
                    "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000",
                }
                self._send(200, json.dumps(event).encode(), headers)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                api._take(self.path, body)
                self._send(202, b"{}", {})

            def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in {**headers, "Content-Type": "application/json"}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Nothing: the check prints what matters."""

        return Handler
