"""Faults of `script/chaos` in a pause: the bridge is killed, and recorded frames are sent again."""

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any, Final, override

import paho.mqtt.client as paho

from devtools.chaos_client import ChaosClient
from devtools.chaos_faults import Chaos, Fault
from devtools.network_sensor import send
from limber_bridge.sources.frames import Frame, parse_frame
from limber_bridge.storage.journal_reader import open_journal_reader

ROOT: Final = "limber/bedroom"
STATE: Final = f"{ROOT}/anna/state"
REPLY: Final = f"{ROOT}/response/pauser"
PATIENCE_S: Final = 15.0
"""s of real time in which the bridge must show what it did. chosen."""
STATE_INTERVAL_S: Final = 60.0
"""s of night time after which a state is published again: docs/protocol.md. It shows how many
frames were refused."""
RESENT_FRAMES: Final = 20
"""Recorded frames of each sensor that are sent again. chosen."""


class BridgeClient(ChaosClient):
    """Sends commands to the bridge and remembers its last state."""

    def __init__(self, port: int, speed: int) -> None:
        """Prepare; nothing is connected before the context is entered.

        `speed`: of the bridge's clock.
        """
        super().__init__(port, (STATE, REPLY))
        self._patience_s = PATIENCE_S + STATE_INTERVAL_S / speed
        self._lock = threading.Lock()
        self._state: dict[str, Any] = {}
        self._answers: dict[str, bool] = {}
        self._asked = 0

    @override
    def take(self, message: paho.MQTTMessage) -> None:
        payload = json.loads(message.payload or b"{}")
        with self._lock:
            if message.topic == STATE:
                self._state = payload
            else:
                self._answers[payload["id"]] = payload["ok"]

    def forget(self) -> None:
        """Forget the last state: the next one comes from a bridge that was started since."""
        with self._lock:
            self._state = {}

    def sensors(self) -> str:
        """Return when the last state was published, and the health of its sensors, as JSON."""
        with self._lock:
            return json.dumps({key: self._state.get(key) for key in ("time", "sensors")})

    async def set_paused(self, *, paused: bool) -> bool:
        """Pause or resume; return whether the bridge has confirmed it."""
        self._asked += 1
        id_ = f"pause-{self._asked}"
        request = {"v": 1, "id": id_, "reply_to": REPLY, "command": "pause", "sleeper": "anna"}
        for _ in range(3):
            self.client.publish(f"{ROOT}/request", json.dumps(request | {"paused": paused}), 1)
            if await self.wait_for(lambda _: self._answers.get(id_, False)):
                return True
        return False

    async def wait_for(self, met: Callable[[dict[str, Any]], bool]) -> bool:
        """Return whether a state meets a condition in time."""
        for _ in range(round(self._patience_s / 0.1)):
            with self._lock:
                if met(self._state):
                    return True
            await asyncio.sleep(0.1)
        return False


async def kill_in_a_pause(chaos: Chaos) -> None:
    """Pause, kill and start the bridge: the pause stays, and recorded frames are refused."""
    await chaos.up()
    with BridgeClient(chaos.stack.broker_port, chaos.stack.clock.speed) as client:
        if not await client.set_paused(paused=True):
            # An earlier fault is still felt, such as a connection that is being made again.
            return
        await chaos.pause(1.0, 4.0)
        chaos.stack.running["bridge"].kill()
        recorded = frames_read(chaos)
        client.forget()
        chaos.stack.revive()
        await chaos.up()
        if not await client.wait_for(bool):
            chaos.problems.append("no state after a kill in a pause")
        elif not await client.wait_for(lambda state: state.get("paused") is True):
            chaos.problems.append("a pause was lost by a kill")
        await send_again(chaos, client, recorded)
        if not await client.set_paused(paused=False):
            chaos.problems.append("a pause could not be ended")


def frames_read(chaos: Chaos) -> dict[int, list[bytes]]:
    """Return the last frames of each sensor that the bridge has read according to its journal."""
    with open_journal_reader(chaos.stack.journal) as journal:
        ends = {
            (sensor, position.boot): position.end
            for sensor, positions in journal.read_positions().items()
            for position in positions
        }
    found: dict[int, list[bytes]] = {}
    for leg in chaos.legs:
        for data in leg.sent:
            frame = parse_frame(data)
            assert isinstance(frame, Frame)  # noqa: S101 - a leg sends samples only
            if frame.sequence + frame.count <= ends.get((frame.sensor, frame.boot), 0):
                found.setdefault(frame.sensor, []).append(data)
    return {sensor: frames[-RESENT_FRAMES:] for sensor, frames in found.items()}


async def send_again(chaos: Chaos, client: BridgeClient, recorded: dict[int, list[bytes]]) -> None:
    """Send recorded frames; each must be refused."""
    for frames in recorded.values():
        send(chaos.stack.sensor_port, *frames)

    def all_refused(state: dict[str, Any]) -> bool:
        sensors = state.get("sensors", {})
        return all(
            sensors.get(str(sensor), {}).get("refused", 0) >= len(frames)
            for sensor, frames in recorded.items()
        )

    if not await client.wait_for(all_refused):
        sent = {sensor: len(frames) for sensor, frames in recorded.items()}
        chaos.problems.append(
            f"recorded frames were not all refused after a kill in a pause: sent {sent}, "
            f"last state {client.sensors()}"
        )


PAUSE_FAULTS: Final = (Fault("killed in a pause", kill_in_a_pause),)
