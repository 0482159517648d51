"""`limber check`: tries the journal, the broker and every sensor; says what works, and what to do
about the rest.
"""

import asyncio
import contextlib
import json
import os
import queue
import secrets
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from limber_bridge.config.model import Broker, Config, ConfiguredSensor, HealthEndpoint, Sleeper
from limber_bridge.daemon.bridge_health import unconfigured_message
from limber_bridge.daemon.mqtt_client import UNSUPPORTED
from limber_bridge.daemon.sensor_health import PROBLEM_ENDED
from limber_bridge.protocol.encoding import ONLINE, Topics
from limber_bridge.protocol.messages import PROTOCOL, SensorHealth, State
from limber_bridge.sources import SOURCES
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.source_api import (
    FrameError,
    Reason,
    Samples,
    SourceEvent,
    SourceLostError,
    SourceRequest,
)
from limber_bridge.storage.journal_file import probe_journal
from limber_bridge.storage.journal_errors import JournalInUseError, JournalError
from limber_bridge.storage.journal_reader import open_journal_reader

PATIENCE: Final = 10.0
"""s for the broker to answer."""


REFUSED: Final[Mapping[str, str]] = {
    Reason.MALFORMED: "update the sensor, or look at what else sends to this port",
    Reason.UNKNOWN_QUANTITY: "update the bridge, or correct what the sensor sends",
    Reason.WRONG_QUANTITY: "correct `quantity` in limber.yaml, or what the sensor sends",
    Reason.WRONG_KEY: "the same `key` has to stand in the sensor and in limber.yaml",
    Reason.REPEATED: "a sensor must send another boot id each time it starts",
}
"""What to do where all that a sensor sends is refused, by the reason."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one trial showed."""

    well: bool
    text: str
    """What was tried, and what came of it or what to do."""
    note: bool = False
    """Whether this is only a remark, neither a success nor a failure."""


async def check(config: Config, wait: float) -> AsyncIterator[Finding]:
    """Yield what each trial shows; sensors have `wait` seconds to be heard."""
    for line in config.world_readable_secrets():
        yield Finding(well=False, text=line)
    journal, running = await asyncio.to_thread(try_journal, config)
    yield journal
    if config.web is not None and not running:
        yield try_page(config.web)
    topics = Topics(config.broker.base_topic, config.bridge)
    first = config.sleepers[0].id
    found = await asyncio.to_thread(
        lambda: [
            *try_broker(config.broker, topics, first, running=running),
            *note_unconfigured(config),
        ]
    )
    for finding in found:
        yield finding
    if not running:
        async for finding in try_all(config, wait):
            yield finding
    elif found[0].well:
        # It has the sensors, so what it says of them is all that can be had.
        for finding in await asyncio.to_thread(lambda: list(ask_bridge(config, topics, wait))):
            yield finding


async def try_all(config: Config, wait: float) -> AsyncIterator[Finding]:
    """Yield what is heard of all sensors, while nobody else listens to them."""
    trials = [asyncio.create_task(try_sensors(config, name, wait)) for name in SOURCES]
    for trial in trials:
        for finding in await trial:
            yield finding


def try_journal(config: Config) -> tuple[Finding, bool]:
    """Look at the journal; return as well whether a bridge is at work on it."""
    try:
        probe_journal(config.journal)
    except JournalInUseError:
        return Finding(well=True, text=f"journal {config.journal}: a bridge is running on it"), True
    except JournalError as error:
        return Finding(well=False, text=f"journal {error}"), False
    return Finding(well=True, text=f"journal {config.journal}: can be written"), False


def note_unconfigured(config: Config) -> Iterator[Finding]:
    """Yield a remark on sleepers who are in the journal but not in the configuration."""
    try:
        with open_journal_reader(config.journal) as journal:
            unconfigured = config.unconfigured(journal.sleepers())
    except JournalError:
        # There is no journal before the first start, and what is wrong with one is another finding.
        return
    if unconfigured:
        yield Finding(well=True, text=unconfigured_message(unconfigured), note=True)


def ask_bridge(config: Config, topics: Topics, wait: float) -> Iterator[Finding]:
    """Yield what the bridge that runs says of itself, of its record and of each sensor."""
    complaints: set[str] = set()
    for sleeper in config.sleepers:
        state = state_of(config.broker, topics.state(sleeper.id), wait)
        if state is None:
            mend = f"let the user of `limber check` subscribe to {topics.state(sleeper.id)}, or stop the bridge first"
            yield Finding(
                well=False,
                text=f"sensors of {sleeper.name}: the running bridge says nothing; {mend}",
            )
            continue
        # Each sleeper's state says the same of the bridge.
        for complaint in complaints_in(state):
            if complaint not in complaints:
                yield Finding(well=False, text=f"the running bridge {complaint}")
            complaints.add(complaint)
        for watched in sleeper.sensors:
            yield said(sleeper, watched, state.sensors.get(str(watched.sensor.id)))


def complaints_in(state: State) -> Iterator[str]:
    """Yield what a running bridge has to complain of besides its sensors, as the end of a sentence
    about it.
    """
    if not state.recording:
        yield f"records nothing: {state.journal.message}"
    if state.journal.warning is not None:
        yield f"says: {state.journal.warning}"
    for problem in () if state.bridge is None else state.bridge.problems:
        yield f"says: {problem.message}"


def state_of(broker: Broker, topic: str, wait: float) -> State | None:
    """Return the state that a broker holds; None if it has none, or does not hand it out."""
    for version in (MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311):
        with (
            contextlib.suppress(OSError, queue.Empty, HungUpError, msgspec.DecodeError),
            contextlib.closing(BrokerProbe(broker, Topics("check", "state"), version)) as trial,
        ):
            if trial.answer("connect").is_failure:
                continue
            trial.client.subscribe(topic, qos=1)
            return msgspec.json.decode(trial.answer("message", patience=wait), type=State)
    return None


def said(sleeper: Sleeper, watched: ConfiguredSensor, health: SensorHealth | None) -> Finding:
    """Return what a running bridge says of one sensor, for a person."""
    who = name_of(sleeper, watched)
    if health is None:
        return Finding(
            well=False, text=f"{who}: the running bridge does not know it; restart the bridge"
        )
    if health.problem == PROBLEM_ENDED:
        return Finding(well=True, text=f"{who}: its recording is over")
    mend = REFUSED.get(health.problem or "")
    if not health.connected and mend is not None:
        return Finding(
            well=False,
            text=f"{who}: the running bridge refuses what it sends ({health.problem}); {mend}",
        )
    if not health.connected:
        mend = "check its power, its network, and the address it sends to"
        why = "" if health.problem is None else f" ({health.problem})"
        return Finding(well=False, text=f"{who}: the running bridge hears nothing{why}; {mend}")
    charge = "" if health.battery is None else f", battery {health.battery} %"
    quality = "" if health.quality is None else f", quality {health.quality} %"
    return Finding(
        well=True,
        text=f"{who}: {watched.sensor.quantity} at {health.rate or 0:g} Hz{charge}{quality}",
    )


def try_page(page: HealthEndpoint) -> Finding:
    """Open the port of `GET /health` and close it again."""
    where = f"web {page.address}:{page.port}"
    family = socket.AF_INET6 if ":" in page.address else socket.AF_INET
    try:
        socket.create_server((page.address, page.port), family=family).close()
    except OSError as error:
        mend = "another limber may be running; else choose another `web` address or port"
        return Finding(well=False, text=f"{where}: {os.strerror(error.errno or 0)}; {mend}")
    return Finding(well=True, text=f"{where}: can be answered on")


class HungUpError(Exception):
    """The broker closed the connection."""


class BrokerProbe:
    """One connection to the broker, whose answers come one after the other."""

    def __init__(self, broker: Broker, topics: Topics, version: MQTTProtocolVersion) -> None:
        """Connect; OSError if nobody is there."""
        self._answers: queue.Queue[tuple[str, Any]] = queue.Queue()
        name = f"limber-{topics.bridge}-check-{secrets.token_hex(4)}"
        self.client = client = paho.Client(CallbackAPIVersion.VERSION2, name, protocol=version)
        if broker.user is not None:
            client.username_pw_set(broker.user, broker.password)
        if broker.tls is not None:
            client.tls_set_context(broker.tls.create_context())
        client.on_connect = lambda _c, _u, _f, reason, _p: self._answers.put(("connect", reason))
        client.on_disconnect = lambda _c, _u, _f, reason, _p: self._answers.put(
            ("disconnect", reason)
        )
        client.on_subscribe = lambda _c, _u, _m, reasons, _p: self._answers.put(
            ("subscribe", reasons[0])
        )
        client.on_publish = lambda _c, _u, _m, reason, _p: self._answers.put(("publish", reason))
        client.on_message = lambda _c, _u, message: self._take(message, topics)
        self.online = False
        """A bridge is online, as is said to everybody who asks."""
        client.connect(broker.host, broker.port)
        client.loop_start()

    def _take(self, message: paho.MQTTMessage, topics: Topics) -> None:
        self.online |= (
            message.retain and message.topic == topics.status and message.payload == ONLINE
        )
        self._answers.put(("message", message.payload))

    def answer(self, *kinds: str, patience: float = PATIENCE) -> Any:  # noqa: ANN401 - a reason code or a payload
        """Wait for the next answer of these kinds and leave out others; with more than one, return
        the kind as well.

        queue.Empty where nothing comes for so many seconds, HungUpError if the connection is
        closed.
        """
        while True:
            found, value = self._answers.get(timeout=patience)
            if found in kinds:
                return value if len(kinds) == 1 else (found, value)
            if found == "disconnect":
                raise HungUpError

    def close(self) -> None:
        """Disconnect."""
        self.client.disconnect()
        self.client.loop_stop()


def try_broker(
    broker: Broker, topics: Topics, sleeper: str, *, running: bool = False
) -> Iterator[Finding]:
    """Connect, ask ourselves something and hear it: this shows what a broker's "yes" does not.

    The first finding is that of the connection. `running`: a bridge of this configuration is at
    work.
    """
    where = f"broker {broker.host}:{broker.port}"
    mend = "no answer; is it an MQTT broker, and does it want `tls`?"
    for version, name in (
        (MQTTProtocolVersion.MQTTv5, "MQTT 5"),
        (MQTTProtocolVersion.MQTTv311, "MQTT 3.1.1"),
    ):
        try:
            trial = BrokerProbe(broker, topics, version)
        except OSError as error:
            yield Finding(
                well=False, text=f"{where}: {error}; check `host`, `port` and `tls` under `broker`"
            )
            return
        with contextlib.closing(trial):
            try:
                reason = trial.answer("connect")
            except queue.Empty:
                continue
            except HungUpError:
                mend = "it hangs up before it answers; does it want `tls`, or a certificate under `tls`?"
                continue
            if reason.value == UNSUPPORTED and version == MQTTProtocolVersion.MQTTv5:
                continue
            if reason.is_failure:
                yield Finding(
                    well=False,
                    text=f"{where}: {reason}; check `user` and `password` under `broker`",
                )
                return
            yield Finding(well=True, text=f"{where}: connected with {name}")
            yield allowed(trial, topics, sleeper)
            if trial.online and not running:
                yield Finding(well=False, text=elsewhere(where, topics))
            return
    yield Finding(well=False, text=f"{where}: {mend}")


def elsewhere(where: str, topics: Topics) -> str:
    """Return what to do about a bridge with our id that is somebody else's."""
    mend = "give each an id of its own, or stop one; they would throw each other out"
    return f"{where}: another bridge with the id `{topics.bridge}` is online, and none with this journal: {mend}"


def allowed(trial: BrokerProbe, topics: Topics, sleeper: str) -> Finding:
    """Try whether all that the bridge does is allowed."""
    rights = f"let the bridge's user publish to {topics.root}/# and subscribe to {topics.request} and {topics.status}"
    try:
        refused = refusal(trial, topics, sleeper) or echo(trial, topics, sleeper)
    except queue.Empty, HungUpError:
        refused = "takes messages but does not deliver them"
    if refused:
        return Finding(well=False, text=f"broker {refused}; {rights}")
    return Finding(well=True, text=f"broker delivers what is published under {topics.root}")


def refusal(trial: BrokerProbe, topics: Topics, sleeper: str) -> str:
    """Return what the broker refuses, in words; nothing if all is granted. Nobody listens to what
    is published.
    """
    for topic in (topics.request, topics.status):
        trial.client.subscribe(topic, qos=1)
        reason = trial.answer("subscribe")
        if reason.is_failure:
            return f"refuses to hand out {topic}: {reason}"
    for topic in (f"{topics.root}/check", f"{topics.root}/{sleeper}/check"):
        trial.client.publish(topic, b"", qos=1)
        reason = trial.answer("publish")
        if reason.is_failure:
            return f"refuses what is published to {topic}: {reason}"
    return ""


def echo(trial: BrokerProbe, topics: Topics, sleeper: str) -> str:
    """Ask a question that changes nothing and hear it ourselves; return what the broker refuses, as
    above.
    """
    key = secrets.token_hex(8)
    question = {
        "v": PROTOCOL,
        "id": key,
        "reply_to": f"{topics.responses}check-{key}",
        "command": "nights",
        "sleeper": sleeper,
        "after": "9999-12-31",
    }
    trial.client.publish(topics.request, json.dumps(question), qos=1)
    # Either may come first.
    while True:
        match trial.answer("publish", "message"):
            case "publish", reason if reason.is_failure:
                return f"refuses what is published to {topics.request}: {reason}"
            case "message", payload if key.encode() in payload:
                return ""


async def try_sensors(config: Config, name: str, wait: float) -> list[Finding]:
    """Listen to the sensors of one source until each was heard, or for `wait` seconds."""
    source = SOURCES[name]
    mine = [
        (sleeper, one)
        for sleeper in config.sleepers
        for one in sleeper.sensors
        if one.source == name
    ]
    host = HostClock()
    groups = [mine] if source.shared and mine else [[one] for one in mine]
    findings = []
    for group in groups:
        wanted = tuple(watched.request for _, watched in group)
        request = SourceRequest(
            wanted, config.source_settings.get(name), config.calendar, host, host.now()
        )
        arrivals = source.run(request)
        heard: dict[int, SourceEvent] = {}
        lost = ""
        try:
            async with asyncio.timeout(wait), contextlib.aclosing(arrivals):
                async for arrival in arrivals:
                    note(heard, arrival)
                    if all(isinstance(heard.get(one.sensor.id), Samples) for _, one in group):
                        break
        except TimeoutError:
            pass
        except SourceLostError as error:
            lost = str(error)
        findings += [told(sleeper, watched, heard, lost, wait) for sleeper, watched in group]
    return findings


def note(heard: dict[int, SourceEvent], arrival: SourceEvent) -> None:
    """Remember the best that was heard of a sensor: samples, else trouble."""
    if arrival.sensor is not None and not isinstance(heard.get(arrival.sensor), Samples):
        heard[arrival.sensor] = arrival


def name_of(sleeper: Sleeper, watched: ConfiguredSensor) -> str:
    """Return which sensor it is, for a person."""
    sensor = watched.sensor
    where = " ".join(str(part) for part in (sensor.side, sensor.placement) if part)
    return f"sensor {sensor.id} ({sleeper.name}, {where}, {watched.source})"


def told(
    sleeper: Sleeper,
    watched: ConfiguredSensor,
    heard: dict[int, SourceEvent],
    lost: str,
    wait: float,
) -> Finding:
    """Return what was heard of one sensor, for a person."""
    sensor = watched.sensor
    who = name_of(sleeper, watched)
    match heard.get(sensor.id):
        case Samples(block=block, battery=battery):
            charge = "" if battery is None else f", battery {battery} %"
            return Finding(well=True, text=f"{who}: {sensor.quantity} at {block.rate:g} Hz{charge}")
        case FrameError(detail=detail):
            return Finding(well=False, text=f"{who}: {detail}")
        case _:
            mend = (
                lost
                or f"nothing heard in {wait:g} s; check its power, its network, and the address it sends to"
            )
            return Finding(well=False, text=f"{who}: {mend}")
