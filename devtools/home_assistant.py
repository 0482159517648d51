"""A real Home Assistant on loopback, set up and used over its REST and WebSocket APIs."""

import asyncio
import base64
import json
import re
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import aiohttp
import bcrypt

from devtools.processes import LOOPBACK, ROOT, DevtoolError, Program, need, start

USER: Final = "limber"
PASSWORD: Final = "limber-demo"  # noqa: S105 - of a Home Assistant that only loopback reaches
COMPONENT: Final = ROOT / "custom_components/limber"
BLUEPRINTS: Final = ROOT / "blueprints/automation/limber"
HTTP: Final[dict[str, Any]] = {
    "cors_allowed_origins": [],
    "login_attempts_threshold": -1,
    "ip_ban_enabled": False,
    "ssl_profile": "intermediate_v6",
    "use_x_frame_options": True,
    "created_at": "2026-11-22T00:00:00+00:00",
    "error": None,
    "error_message": None,
    "server_host": [LOOPBACK],
}
CONFIGURATION: Final = """\
homeassistant:
  name: Limber
  country: DE
  time_zone: {zone}
  unit_system: metric
frontend:
history:
logbook:
recorder:
  commit_interval: 1
automation: !include automations.yaml
"""
STARTED: Final = 120.0
"""s until Home Assistant must have started."""


def prepare(config: Path, port: int, zone: str, more: str = "") -> None:
    """Prepare a configuration folder without onboarding, with this component and its blueprints.

    `more`: YAML that is added to the configuration.
    """
    storage = config / ".storage"
    storage.mkdir(parents=True, exist_ok=True)
    onboarded = {"done": ["user", "core_config", "analytics", "integration"]}
    http = {"stable": HTTP | {"server_port": port}, "pending": None, "yaml_migration_done": True}
    write_store(storage, "onboarding", 4, onboarded)
    write_store(storage, "http", 3, http)
    (config / "configuration.yaml").write_text(CONFIGURATION.format(zone=zone) + more)
    if not (config / "automations.yaml").exists():
        (config / "automations.yaml").write_text("[]\n")
    for source, name in (
        (COMPONENT, "custom_components/limber"),
        (BLUEPRINTS, "blueprints/automation/limber"),
    ):
        target = config / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    if not (storage / "auth_provider.homeassistant").exists():
        # As `hass --script auth add` does, which would take as long as a start.
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(rounds=4))
        user = {"username": USER, "password": base64.b64encode(hashed).decode()}
        write_store(storage, "auth_provider.homeassistant", 1, {"users": [user]})


def write_store(storage: Path, key: str, version: int, data: Mapping[str, Any]) -> None:
    """Write one of Home Assistant's stores."""
    stored = {"version": version, "minor_version": 1, "key": key, "data": data}
    (storage / key).write_text(json.dumps(stored))


def start_home(config: Path) -> Program:
    """Start Home Assistant with a prepared folder; it downloads nothing."""
    return start(
        "Home Assistant",
        [need("hass"), "--skip-pip", "-c", config],
        config.parent / "home-assistant.log",
    )


@dataclass(slots=True)
class HomeAssistant:
    """A Home Assistant session that is logged in."""

    http: aiohttp.ClientSession
    url: str
    token: Mapping[str, Any] = field(default_factory=dict)

    async def post(self, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        """Post JSON and return the JSON of the response."""
        async with self.http.post(path, json=body) as reply:
            if reply.status >= 400:
                raise DevtoolError(
                    f"Home Assistant refuses {path}: {reply.status} {await reply.text()}"
                )
            return await reply.json()

    async def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON at a path; None if it does not exist."""
        async with self.http.get(path) as reply:
            return await reply.json() if reply.status == 200 else None

    async def state(self, entity: str) -> str | None:
        """Return the state of an entity; None if it does not exist."""
        found = await self.get(f"/api/states/{entity}")
        return None if found is None else str(found["state"])

    async def flow(self, handler: str, *answers: Mapping[str, Any]) -> dict[str, Any]:
        """Run through a config flow; return its last step."""
        path = "/api/config/config_entries/flow"
        step: dict[str, Any] = await self.post(path, {"handler": handler})
        for answer in answers:
            step = await self.post(f"{path}/{step['flow_id']}", answer)
        return step

    async def entries(self, domain: str) -> list[dict[str, Any]]:
        """Return the config entries of an integration."""
        found: list[dict[str, Any]] = await self.get(
            f"/api/config/config_entries/entry?domain={domain}"
        )
        return found

    async def command(self, **message: object) -> Any:  # noqa: ANN401 - JSON
        """Send a WebSocket command and return its result; DevtoolError if it fails."""
        async with self.socket() as socket:
            await socket.send_json({"id": 1} | message)
            answer = await socket.receive_json()
        if not answer["success"]:
            raise DevtoolError(
                f"Home Assistant refuses {message['type']}: {answer['error']['message']}"
            )
        return answer["result"]

    @asynccontextmanager
    async def socket(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Open the WebSocket and log in."""
        async with self.http.ws_connect("/api/websocket") as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": self.token["access_token"]})
            await socket.receive_json()
            yield socket

    @asynccontextmanager
    async def subscribed(self, **message: object) -> AsyncIterator[asyncio.Queue[dict[str, Any]]]:
        """Subscribe for as long as the context lasts; messages go to the queue."""
        events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        async with self.socket() as socket:
            await socket.send_json({"id": 1} | message)

            async def hear(kind: str) -> None:
                while (told := await socket.receive_json())["type"] != kind:
                    events.put_nowait(told["event"])

            await hear("result")
            listening = asyncio.create_task(hear("nothing ends it"))
            try:
                yield events
            finally:
                listening.cancel()

    async def until[T](self, look: Callable[[Self], Awaitable[T]], patience: float) -> T | None:
        """Poll until there is a value; None if there is none in time."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            found = await look(self)
            if found:
                return found
            await asyncio.sleep(0.1)
        return None

    async def login(self) -> None:
        """Log in as the only user."""
        client = {"client_id": f"{self.url}/"}
        asked = client | {"handler": ["homeassistant", None], "redirect_uri": f"{self.url}/"}
        flow = (await self.post("/auth/login_flow", asked))["flow_id"]
        code = (
            await self.post(
                f"/auth/login_flow/{flow}", client | {"username": USER, "password": PASSWORD}
            )
        )["result"]
        async with self.http.post(
            "/auth/token", data=client | {"grant_type": "authorization_code", "code": code}
        ) as got:
            self.token = await got.json()
        self.http.headers["Authorization"] = f"Bearer {self.token['access_token']}"


@asynccontextmanager
async def opened(port: int, program: Program) -> AsyncIterator[HomeAssistant]:
    """Wait until Home Assistant runs, and log in."""
    url = f"http://{LOOPBACK}:{port}"
    async with aiohttp.ClientSession(url) as http:
        await wait(http, "/manifest.json", program, lambda _: True)
    async with logged_in(port) as home:
        await wait(home.http, "/api/config", program, lambda found: found["state"] == "RUNNING")
        yield home


@asynccontextmanager
async def logged_in(port: int) -> AsyncIterator[HomeAssistant]:
    """Log in to a Home Assistant that runs."""
    url = f"http://{LOOPBACK}:{port}"
    async with aiohttp.ClientSession(url) as http:
        home = HomeAssistant(http, url)
        await home.login()
        yield home


async def wait(
    http: aiohttp.ClientSession, path: str, program: Program, enough: Callable[[Any], bool]
) -> None:
    """Wait until a path responds as expected; DevtoolError if Home Assistant does not start."""
    end = time.monotonic() + STARTED
    while time.monotonic() < end and program.runs:
        try:
            async with http.get(path) as reply:
                if reply.status == 200 and enough(await reply.json(content_type=None)):
                    return
        except aiohttp.ClientConnectionError:
            pass
        await asyncio.sleep(0.1)
    raise DevtoolError(f"Home Assistant does not start:\n{program.tail()}")


async def add_broker(home: HomeAssistant, port: int, *, protocol: str = "5") -> None:
    """Set up the MQTT integration."""
    tls = {"set_client_cert": False, "set_ca_cert": "off"}
    answers = {"broker": LOOPBACK, "port": port, "protocol": protocol, "other_settings": tls}
    step = await home.flow("mqtt", answers)
    if step["type"] != "create_entry":
        raise DevtoolError(f"Home Assistant cannot use the broker: {step.get('errors')}")


async def add_limber(home: HomeAssistant, base: str = "limber") -> None:
    """Set up Limber in the config flow, and retry while the bridge is not online yet."""
    step: dict[str, Any] = {}

    async def added(home: HomeAssistant) -> bool:
        step.update(await home.flow("limber", {"base_topic": base}))
        return bool(step["type"] == "create_entry" or step.get("errors") != {"base": "no_bridge"})

    # A broker that says nothing to MQTT 5 keeps the bridge waiting before it falls back.
    await home.until(added, BRIDGE_WITHIN)
    if step["type"] != "create_entry":
        raise DevtoolError(
            f"Home Assistant finds no bridge: {step.get('errors') or step.get('reason')}"
        )


BRIDGE_WITHIN: Final = 30.0
"""s."""
HARMLESS: Final = re.compile(
    r"ffmpeg|turbojpeg|TurboJPEG|custom integration limber which has not been tested|"
    r"not been tested|ClientConnectionResetError exception in shielded future"
)
"""What Home Assistant itself complains of: programs that the tests do not need, an integration that
is not its own, and a browser that is closed while it is sent something."""


def complaints(log: Path) -> list[str]:
    """Return the lines of a log that indicate a fault.

    These are errors, and warnings that mention Limber.
    """
    lines = re.sub(r"\x1b\[\d*m", "", log.read_text(errors="replace")).splitlines()
    errors = [
        line for line in lines if " ERROR " in line or (" WARNING " in line and "limber" in line)
    ]
    return [line for line in errors if not HARMLESS.search(line)]
