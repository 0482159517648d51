"""The checks of a running bridge: reads the state that it publishes."""

from collections.abc import AsyncIterator, Iterator

import msgspec

from limber_bridge.config.model import Broker, Config, ConfiguredSensor, Sleeper
from limber_bridge.daemon.broker_probe import (
    BROKER_TIMEOUT_S,
    ProbeDisconnectedError,
    open_probe,
    probe_options,
)
from limber_bridge.daemon.check_result import CheckResult, failed, note, passed
from limber_bridge.daemon.check_sensors import (
    REFUSED_REMEDIES,
    RELAYED_REMEDY,
    SILENT_REMEDY,
    is_relayed,
    sensor_name,
)
from limber_bridge.daemon.mqtt_events import ConnackAccepted, MessageReceived, Protocol
from limber_bridge.daemon.sensor_health import PROBLEM_ENDED
from limber_bridge.protocol.encoding import Topics
from limber_bridge.protocol.health_messages import SensorHealth
from limber_bridge.protocol.messages import State


async def check_running_bridge(config: Config, wait_s: float) -> AsyncIterator[CheckResult]:
    """Yield what the running bridge reports about itself, its journal and each sensor."""
    topics = Topics(config.broker.base_topic, config.bridge)
    reported: set[str] = set()
    for sleeper in config.sleepers:
        topic = topics.state(sleeper.id)
        state = await fetch_state(config.broker, topics, topic, wait_s)
        if state is None:
            yield failed(
                f"sensors of {sleeper.name}: no state of the running bridge was received; allow "
                f"the bridge's user to subscribe to {topic}, or stop the bridge and check again"
            )
            continue
        for fault in bridge_faults(state):
            # The state of every sleeper contains the same faults of the bridge.
            if fault not in reported:
                yield failed(fault)
            reported.add(fault)
        for configured in sleeper.sensors:
            health = state.sensors.get(str(configured.sensor.id))
            yield reported_sensor(sleeper, configured, health)


async def fetch_state(broker: Broker, topics: Topics, topic: str, wait_s: float) -> State | None:
    """Return the retained state on a topic; None if there is none, or it is not delivered."""
    timeout_s = max(wait_s, BROKER_TIMEOUT_S)
    for protocol in Protocol:
        async with open_probe(probe_options(broker, topics.bridge), timeout_s) as probe:
            if not isinstance(await probe.connect(protocol), ConnackAccepted):
                continue
            probe.subscribe(topic)
            try:
                message = await probe.expect(MessageReceived)
                return msgspec.json.decode(message.payload, type=State)
            except TimeoutError, ProbeDisconnectedError, msgspec.DecodeError:
                continue
    return None


def bridge_faults(state: State) -> Iterator[str]:
    """Yield what the running bridge reports about itself and its journal."""
    if not state.recording:
        yield f"the running bridge does not record: {state.journal.message}"
    if state.journal.warning is not None:
        yield f"the running bridge reports: {state.journal.warning}"
    problems = () if state.bridge is None else state.bridge.problems
    for problem in problems:
        yield f"the running bridge reports: {problem.message}"


def reported_sensor(
    sleeper: Sleeper, configured: ConfiguredSensor, health: SensorHealth | None
) -> CheckResult:
    """Return the result for a sensor of which a running bridge publishes the health."""
    name = sensor_name(sleeper, configured)
    if health is None:
        return failed(f"{name}: unknown to the running bridge; restart the bridge")
    if health.problem == PROBLEM_ENDED:
        return passed(f"{name}: the recording has ended")
    if not health.connected:
        silent_remedy = RELAYED_REMEDY if is_relayed(configured) else SILENT_REMEDY
        return failed(f"{name}: {disconnected_reason(health, silent_remedy)}")
    return judged_health(f"{name}: {configured.sensor.quantity} {figures(health)}", health)


def figures(health: SensorHealth) -> str:
    """Return what the running bridge measures of a sensor."""
    parts = [f"at {health.rate or 0:g} Hz", f"{health.lost} samples lost"]
    if health.battery is not None:
        parts.append(f"battery {health.battery} %")
    if health.quality is not None:
        parts.append(f"signal quality {health.quality} %")
    return ", ".join(parts)


def judged_health(text: str, health: SensorHealth) -> CheckResult:
    """Return the result for a sensor that sends samples; `text` describes it."""
    problem = health.problem
    remedy = REFUSED_REMEDIES.get(problem or "")
    if remedy is not None:
        return failed(f"{text}; the running bridge refuses frames ({problem}); {remedy}")
    if problem is not None:
        return note(f"{text}; the running bridge reports the problem `{problem}`")
    return passed(text)


def disconnected_reason(health: SensorHealth, silent_remedy: str) -> str:
    """Return why the running bridge has no samples of a sensor, and what to do.

    `silent_remedy`: what to do if it sends nothing.
    """
    remedy = REFUSED_REMEDIES.get(health.problem or "")
    if remedy is not None:
        return f"the running bridge refuses its frames ({health.problem}); {remedy}"
    problem = "" if health.problem is None else f" ({health.problem})"
    return f"the running bridge receives no samples{problem}; {silent_remedy}"
