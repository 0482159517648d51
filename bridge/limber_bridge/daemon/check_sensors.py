"""The checks of the sensors: watches all of them at the same time, and says what was measured."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from limber_bridge.config.model import Config, ConfiguredSensor, Sleeper
from limber_bridge.daemon.arrival_figures import ArrivalFigures
from limber_bridge.daemon.check_ingest import ServePosts, taking_messages
from limber_bridge.daemon.check_result import CheckResult, Outcome, note, passed
from limber_bridge.daemon.countdown import countdown
from limber_bridge.daemon.failure_log import FailureLog
from limber_bridge.daemon.sensor_verdict import (
    Finding,
    judge_arrival,
    judge_device,
    judge_signal,
    placement_hint,
)
from limber_bridge.daemon.sensor_watch import SensorWatch
from limber_bridge.daemon.signal_figures import SignalFigures
from limber_bridge.detection.signal import Quantity
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.sources import SOURCES
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.inbox import Inbox
from limber_bridge.sources.source_api import Reason, SourceLostError, SourceRequest

REFUSED_REMEDIES: Final[Mapping[str, str]] = {
    Reason.MALFORMED: "update the sensor, or find what else sends to this port",
    Reason.UNKNOWN_QUANTITY: "update the bridge, or correct the quantity that the sensor sends",
    Reason.WRONG_QUANTITY: "correct `quantity` in limber.yaml, or what the sensor sends",
    Reason.WRONG_KEY: "enter the same `key` in the sensor and in limber.yaml",
    Reason.REPEATED: "make the sensor send a new boot id each time it starts",
    Reason.COUNTS_FRAMES: "make the sensor count samples, not frames, in its sequence number",
    Reason.WRONG_RATE: "correct the rate in the frames of the sensor, or how often it samples",
    Reason.WRONG_CLOCK_SPEED: "give the sensor a clock in us that never stops",
    Reason.WRONG_BYTE_ORDER: "make the sensor send its samples little endian",
    Reason.WRONG_GRAVITY: "make the sensor send g, with gravity, in the scale of the quantity",
}
"""What to do if every frame of a sensor is refused, by the reason."""
SILENT_REMEDY: Final = "check its power, its network, and the address it sends to"
"""What to do if a sensor sends nothing."""
RELAYED_REMEDY: Final = (
    "check its power, and that a Bluetooth adapter or proxy of Home Assistant is in range of it"
)
"""What to do if Home Assistant relays nothing of a sensor to the running bridge."""
RELAYED_TEXT: Final = (
    "Home Assistant relays this sensor, and only to a running bridge; start the bridge, wait a "
    "minute and check again"
)
"""What is said of a relayed sensor, of which nothing arrives during a check."""
UNKNOWN_SENDERS_MAX: Final = 5
"""Most errors of frames that belong to no sensor that are reported."""
ONCE_IS_NORMAL: Final = frozenset(
    {Reason.RESTARTED, Reason.CLOCK_JUMPED, Reason.SATURATED, Reason.MALFORMED}
)
"""Errors that are no fault if they happen once: a sensor that was just switched on or put on, or
a phone whose app tested the push."""


OTHER_SENDER: Final = "samples arrive all the same, so this may come from another device"
"""Said of errors that anyone could have caused."""
NAMED_BY_SOURCE: Final = frozenset(
    {"counts_frames", "wrong_rate", "wrong_clock_speed", "wrong_byte_order", "wrong_gravity"}
)
"""Errors of frames that name what the figures would show as well, in other words."""


@dataclass(slots=True)
class SourceWatch:
    """What one run of a source delivers during the check."""

    source: str
    sensors: dict[int, SensorWatch]
    unknown: dict[str, None]
    """Details of errors that belong to no sensor, in order."""
    lost: str = ""
    """Why the source could not go on."""


@dataclass(frozen=True, slots=True)
class CheckedSensor:
    """A sensor of a sleeper, and what was collected of it."""

    name: str
    configured: ConfiguredSensor
    watch: SensorWatch
    lost: str
    """Why its source could not go on; empty if it could."""

    @property
    def quantity(self) -> Quantity:
        """Return what the sensor measures."""
        return self.configured.sensor.quantity


async def check_sensors(
    config: Config,
    seconds: float,
    serve_posts: ServePosts,
    read: Mapping[int, Sequence[ReadPosition]],
) -> AsyncIterator[CheckResult]:
    """Yield the results of each sensor, after watching all of them for a number of seconds.

    `read`: how far the frames of each sensor were read, as a running bridge refuses earlier ones.
    """
    inbox = Inbox()
    host = HostClock()
    async with (
        taking_messages(config, inbox, host, serve_posts),
        countdown("watching the sensors", seconds),
    ):
        watches = await asyncio.gather(
            *(
                watch_source(request, name, seconds)
                for name, request in requests(config, inbox, host, read)
            )
        )
    for watch in watches:
        for detail in list(watch.unknown)[:UNKNOWN_SENDERS_MAX]:
            yield note(f"{watch.source}: {detail}")
    by_sensor = {sensor: watch for watch in watches for sensor in watch.sensors}
    for sleeper in config.sleepers:
        for configured in sleeper.sensors:
            watch = by_sensor[configured.sensor.id]
            checked = CheckedSensor(
                sensor_name(sleeper, configured),
                configured,
                watch.sensors[configured.sensor.id],
                watch.lost,
            )
            for result in sensor_results(checked, seconds):
                yield result


def requests(
    config: Config,
    inbox: Inbox,
    host: HostClock,
    read: Mapping[int, Sequence[ReadPosition]],
) -> Iterator[tuple[str, SourceRequest]]:
    """Yield what each run of a source is asked for, with the name of the source."""
    for name, source in SOURCES.items():
        sensors = [
            configured.request
            for sleeper in config.sleepers
            for configured in sleeper.sensors
            if configured.source == name
        ]
        groups = [tuple(sensors)] if source.shared and sensors else [(one,) for one in sensors]
        for group in groups:
            yield (
                name,
                SourceRequest(
                    group,
                    config.source_settings.get(name),
                    config.calendar,
                    host,
                    host.now(),
                    {one.sensor.id: tuple(read.get(one.sensor.id, ())) for one in group},
                    inbox=inbox,
                ),
            )


async def watch_source(request: SourceRequest, name: str, seconds: float) -> SourceWatch:
    """Collect what one run of a source delivers within a number of seconds."""
    watch = SourceWatch(name, {one.sensor.id: SensorWatch() for one in request.sensors}, {})
    try:
        async with asyncio.timeout(seconds):
            await collect_events(request, watch, seconds)
    except TimeoutError:
        pass
    except SourceLostError as error:
        watch.lost = str(error)
    except Exception as error:  # noqa: BLE001 - the errors of a source's libraries are not known
        # One source must not hide what the check finds of the others.
        watch.lost = FailureLog().log(f"source {name}", error, "the other sources are checked")
    return watch


async def collect_events(request: SourceRequest, watch: SourceWatch, seconds: float) -> None:
    """Collect events until the source ends; of a recording that many seconds of signal."""
    source = SOURCES[watch.source]
    async with contextlib.aclosing(source.run(request)) as events:
        async for event in events:
            if event.sensor in watch.sensors:
                watch.sensors[event.sensor].process(event, request.host_clock.now())
            elif (detail := getattr(event, "detail", "")) not in watch.unknown:
                watch.unknown[detail] = None
            # A recording that is played fast delivers more in this time than is needed.
            if not source.live and all(one.signal_s >= seconds for one in watch.sensors.values()):
                return


def sensor_results(checked: CheckedSensor, seconds: float) -> Iterator[CheckResult]:
    """Yield what was measured of a sensor, and what is wrong with it."""
    findings = [*error_findings(checked.watch), *judged(checked)]
    arrival = checked.watch.arrival_figures()
    # Some sources report why they end as an error of each sensor, too.
    named = any(error.detail == checked.lost for _, error in checked.watch.errors.values())
    if arrival is None:
        if not findings and not checked.lost and is_relayed(checked.configured):
            yield note(f"{checked.name}: {RELAYED_TEXT}")
            return
        if not findings or (checked.lost and not named):
            configured = checked.configured
            remedy = SOURCES[configured.source].silent_remedy(configured.request.options)
            reason = checked.lost or f"no samples in {seconds:g} s; {remedy}"
            findings.insert(0, Finding(Outcome.FAILED, reason))
    else:
        if checked.lost and not named:
            findings.append(Finding(Outcome.FAILED, checked.lost))
        signal = checked.watch.signal_figures(checked.quantity)
        works = all(one.outcome is not Outcome.FAILED for one in findings)
        result = passed if works else note
        yield result(f"{checked.name}: {', '.join(measured(checked, arrival, signal))}")
    for finding in findings:
        yield CheckResult(finding.outcome, f"{checked.name}: {finding.text}")


def is_relayed(configured: ConfiguredSensor) -> bool:
    """Return whether a client connects to a sensor and relays what it sends."""
    describe = SOURCES[configured.source].describe_relay
    return describe is not None and describe(configured.request.options) is not None


def error_findings(watch: SensorWatch) -> Iterator[Finding]:
    """Yield the errors of the frames of a sensor."""
    for reason, (count, error) in watch.errors.items():
        times = "" if count == 1 else f" ({count} times)"
        once = count == 1 and reason in ONCE_IS_NORMAL
        if watch.arrivals and error.unproven:
            # The sensor has proven that it works.
            yield Finding(Outcome.NOTE, f"{error.detail}{times}; {OTHER_SENDER}")
        else:
            outcome = Outcome.NOTE if once and watch.arrivals else Outcome.FAILED
            yield Finding(outcome, f"{error.detail}{times}")


def judged(checked: CheckedSensor) -> Iterator[Finding]:
    """Yield what is wrong with the samples of a sensor."""
    watch = checked.watch
    arrival = watch.arrival_figures()
    if arrival is None:
        return
    yield from judge_device(watch.battery, watch.signal_strength)
    if NAMED_BY_SOURCE.intersection(watch.errors):
        return
    live = SOURCES[checked.configured.source].live
    yield from judge_arrival(arrival, checked.quantity, live=live)
    signal = watch.signal_figures(checked.quantity)
    if signal is not None:
        yield from judge_signal(signal, checked.quantity, arrival.received - arrival.unusable)


def measured(
    checked: CheckedSensor, arrival: ArrivalFigures, signal: SignalFigures | None
) -> Iterator[str]:
    """Yield the figures of a sensor for its line."""
    quantity = checked.quantity
    live = SOURCES[checked.configured.source].live
    rate = arrival.measured_rate
    if live and rate is not None:
        yield f"{quantity} at {rate:.1f} Hz (nominal {arrival.nominal_rate:g} Hz)"
    else:
        yield f"{quantity} at {arrival.nominal_rate:g} Hz"
    if signal is not None and signal.at_rest is not None:
        yield REST_TEXTS[quantity].format(signal.at_rest)
    yield "no loss" if not arrival.lost else f"{arrival.lost_share:.1%} lost"
    if live:
        yield f"jitter {arrival.jitter_s * 1000:.0f} ms"
    if checked.watch.battery is not None:
        yield f"battery {checked.watch.battery} %"
    if checked.watch.signal_strength is not None:
        yield f"link {checked.watch.signal_strength} dBm"
    if signal is not None and quantity is Quantity.ACCELERATION:
        yield placement_hint(signal)


REST_TEXTS: Final = {
    Quantity.ACCELERATION: "gravity {:.2f} g",
    Quantity.EMG: "{:.2g} uV at rest",
    Quantity.LOAD: "load {:.1f} kg",
}
"""How the level at rest is shown."""


def sensor_name(sleeper: Sleeper, configured: ConfiguredSensor) -> str:
    """Return how the user recognizes a sensor."""
    sensor = configured.sensor
    location = " ".join(str(part) for part in (sensor.side, sensor.placement) if part)
    return f"sensor {sensor.id} ({sleeper.name}, {location}, {configured.source})"
