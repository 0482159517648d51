"""A small Supervisor of Home Assistant: what an app gets from it, over a real socket."""

import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self, override

from devtools.processes import LOOPBACK

TOKEN: Final = "0123456789abcdef"  # noqa: S105 - of the fake
BROKER: Final[dict[str, Any]] = {
    "host": "core-mosquitto",
    "port": 1883,
    "username": "addons",
    "password": "a secret of the broker",
    "ssl": False,
    "protocol": "3.1.1",
    "addon": "core_mosquitto",
}
"""A reply to `/services/mqtt`, with the keys that the Supervisor sends."""

UNAUTHORIZED: Final[tuple[int, dict[str, Any]]] = (
    401,
    {"result": "error", "message": "Unauthorized"},
)


class FakeSupervisor:
    """Answers like the Supervisor. A test changes `mqtt`, `info` or `raw` while it runs."""

    def __init__(self, listening: socket.socket | None = None) -> None:
        self.mqtt: dict[str, Any] | None = dict(BROKER)
        """None: no app provides a broker."""
        self.info: dict[str, Any] = {"timezone": "Europe/Berlin", "hostname": "homeassistant"}
        self.raw: bytes | None = None
        """Sent instead of every reply."""
        self.discovered: list[dict[str, Any]] = []
        """Messages for Home Assistant about the app."""
        self.offers_discovery = True
        """Whether the config.yaml of the app lists the integration."""
        self.refused: list[str] = []
        """Paths of requests without the right token."""
        self._server = ThreadingHTTPServer((LOOPBACK, 0), _handler(self), bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = listening or socket.create_server((LOOPBACK, 0))
        self._server.server_name = "supervisor"
        self._server.server_port = self.port

    @property
    def port(self) -> int:
        return int(self._server.socket.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reply(self, path: str) -> tuple[int, dict[str, Any]]:
        if path == "/info":
            return 200, {"result": "ok", "data": self.info}
        if path == "/services/mqtt" and self.mqtt is not None:
            return 200, {"result": "ok", "data": self.mqtt}
        message = "Service not enabled" if path == "/services/mqtt" else "Not found"
        return 400, {"result": "error", "message": message}

    def take(self, path: str, body: Any) -> tuple[int, dict[str, Any]]:
        if path != "/discovery":
            return 404, {"result": "error", "message": "Not found"}
        # What its schema asks for.
        assert body.keys() == {"service", "config"}
        assert isinstance(body["config"], dict)
        if not self.offers_discovery:
            return 403, {"result": "error", "message": "Apps must list services they provide"}
        self.discovered.append(body)
        return 200, {"result": "ok", "data": {"uuid": "0123456789abcdef0123456789abcdef"}}


def _handler(supervisor: FakeSupervisor) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(lambda: supervisor.reply(self.path))

        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.answer(lambda: supervisor.take(self.path, sent))

        def answer(self, make_reply: Callable[[], tuple[int, dict[str, Any]]]) -> None:
            admitted = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            status, reply = make_reply() if admitted else UNAUTHORIZED
            if not admitted:
                supervisor.refused.append(self.path)
            body = json.dumps(reply).encode() if supervisor.raw is None else supervisor.raw
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
