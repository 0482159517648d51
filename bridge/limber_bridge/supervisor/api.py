"""Ask the Supervisor of Home Assistant over HTTP.

https://developers.home-assistant.io/docs/api/supervisor/endpoints describes the replies: an object
with `result` (`ok` or `error`), and `data` or `message`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Final, override

import msgspec

from limber_bridge.domain.foreign_text import printable

HOST: Final = "supervisor"
"""Name of the Supervisor on the network of the apps."""
TIMEOUT_S: Final = 10.0
"""s for each step of a request. chosen: the Supervisor answers from memory."""
DISCOVERY_SERVICE: Final = "limber"
"""The integration that receives it; `discovery` in config.yaml of the app lists it."""
MAX_REPLY_BYTES: Final = 2**20
"""chosen: far above every reply that is read here."""


class SupervisorError(Exception):
    """The Supervisor did not answer, or refused; the text is one line without a secret."""


class MqttService(msgspec.Struct, frozen=True):
    """The MQTT broker of Home Assistant: the reply to `/services/mqtt`."""

    host: str
    port: int
    ssl: bool = False
    username: str | None = None
    password: str | None = None

    @override
    def __repr__(self) -> str:
        """Leave the password out."""
        return f"MqttService({self.host!r}, {self.port}, {self.username!r})"


class SystemInfo(msgspec.Struct, frozen=True):
    """What is used of the reply to `/info`."""

    timezone: str | None = None
    hostname: str | None = None
    """Of the machine, such as `homeassistant`."""


class _Reply(msgspec.Struct, frozen=True):
    result: str
    data: msgspec.Raw = msgspec.Raw(b"{}")
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Supervisor:
    """The HTTP interface of the Supervisor."""

    token: str = field(repr=False)
    """Value of `SUPERVISOR_TOKEN`, which the Supervisor gives to each app."""
    host: str = HOST
    port: int = 80

    def mqtt_service(self) -> MqttService:
        """Return the broker; SupervisorError, also if no app provides one."""
        return self._get("/services/mqtt", MqttService)

    def system_info(self) -> SystemInfo:
        """Return facts about the system; SupervisorError."""
        return self._get("/info", SystemInfo)

    def discover(self, fields: Mapping[str, str]) -> None:
        """Tell Home Assistant of this app; SupervisorError.

        The Supervisor keeps the message while the app is installed, sends it to Home Assistant also
        after a restart, and replaces the one of the same app before it.
        """
        message = {"service": DISCOVERY_SERVICE, "config": dict(fields)}
        self._ask("POST", "/discovery", msgspec.json.encode(message))

    def _get[T](self, path: str, kind: type[T]) -> T:
        reply = self._ask("GET", path)
        try:
            return msgspec.json.decode(reply.data, type=kind)
        except msgspec.MsgspecError as error:
            raise SupervisorError(f"{path}: unexpected reply of the Supervisor: {error}") from error

    def _ask(self, method: str, path: str, body: bytes | None = None) -> _Reply:
        reply = self._request(method, path, body)
        if reply.result != "ok":
            reason = printable(reply.message or "no reason given", 200)
            raise SupervisorError(f"{path}: the Supervisor refused: {reason}")
        return reply

    def _request(self, method: str, path: str, sent: bytes | None) -> _Reply:
        headers = {"Authorization": f"Bearer {self.token}", "Connection": "close"}
        if sent is not None:
            headers["Content-Type"] = "application/json"
        connection = HTTPConnection(self.host, self.port, timeout=TIMEOUT_S)
        try:
            connection.request(method, path, body=sent, headers=headers)
            body = connection.getresponse().read(MAX_REPLY_BYTES)
            return msgspec.json.decode(body, type=_Reply)
        except (OSError, HTTPException, ValueError, RecursionError) as error:
            # The text of an error of HTTP or JSON may quote the reply, which may hold a password.
            reason = error.strerror if isinstance(error, OSError) else type(error).__name__
            raise SupervisorError(
                f"{path}: no usable answer of the Supervisor ({reason or type(error).__name__})"
            ) from error
        finally:
            connection.close()
