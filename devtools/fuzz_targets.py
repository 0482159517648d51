"""The parsers that `devtools.fuzz` tests: valid examples, and a function that parses one input.

Each target imports its own parser, so that atheris can follow it.
"""

import asyncio
import contextlib
import json
import tempfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from devtools.fuzz_pages import page_seeds, pages
from devtools.fuzz_recordings import RECORDING_TARGETS
from devtools.fuzz_requests import answers, golden_requests, questions
from devtools.network_sensor import AnkleSensor, leg
from devtools.phone_messages import PLATFORMS, PhoneRecording
from devtools.processes import LOOPBACK, ROOT, DevtoolError

if TYPE_CHECKING:
    from limber_bridge.web.http_server import LimitedServer


@dataclass(frozen=True, slots=True)
class Target:
    """One parser under test."""

    seeds: Callable[[], Sequence[bytes]]
    """Valid examples."""
    prepare: Callable[[Path], Callable[[bytes], None]]
    """Returns a function that parses an input, given a work folder.

    An undocumented error is a failure.
    """


def frames(_folder: Path) -> Callable[[bytes], None]:
    """Frames to sample blocks, with one sensor that signs and one that does not."""
    from limber_bridge.detection.signal import Placement, Quantity, Sensor, Side
    from limber_bridge.domain.nights import Calendar
    from limber_bridge.sources.frame_router import FrameRouter
    from limber_bridge.sources.host_clock import HostClock
    from limber_bridge.sources.network import ListenAddress, NetworkOptions
    from limber_bridge.sources.source_api import SensorRequest, SourceRequest

    host = HostClock()
    wanted = tuple(
        SensorRequest(
            Sensor(number, Quantity.ACCELERATION, Placement.ANKLE, side), NetworkOptions(key)
        )
        for number, side, key in ((1, Side.LEFT, None), (2, Side.RIGHT, b"a secret key 5e1f"))
    )
    router = FrameRouter(
        SourceRequest(
            wanted, ListenAddress(LOOPBACK, 1), Calendar(ZoneInfo("UTC")), host, host.now()
        )
    )

    def take(data: bytes) -> None:
        router.judge(data)
        for _ in router.route_frame(data, host.steady(), host.utc_offset):
            pass

    return take


def frame_seeds() -> list[bytes]:
    """Return frames of both sensors."""
    devices = (AnkleSensor(), AnkleSensor(id=2, key=b"a secret key 5e1f"))
    clocks = [device.clock_frame(1_000_000) for device in devices]
    return clocks + [device.frame(leg(at / 2, 0.5, [])) for at in range(4) for device in devices]


NOTIFICATION_END: Final = b"|next|"


def notifications(_folder: Path) -> Callable[[bytes], None]:
    """Notifications of Bluetooth sensors to sample blocks.

    An input is the name of a model, and notifications that begin with the number of their
    characteristic.
    """
    from limber_bridge.detection.signal import Placement, Quantity, Sensor
    from limber_bridge.domain.nights import Calendar
    from limber_bridge.sources.bluetooth.decoder import SensorDecoder
    from limber_bridge.sources.bluetooth.notifications import Notification
    from limber_bridge.sources.bluetooth.options import SENSOR_SCHEMA, make_options
    from limber_bridge.sources.bluetooth.profiles import PROFILES
    from limber_bridge.sources.frame_router import FrameRouter
    from limber_bridge.sources.host_clock import HostClock
    from limber_bridge.sources.source_api import SensorRequest, SourceRequest

    host = HostClock()
    sensor = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE)
    requests = {
        device: SensorRequest(
            sensor, make_options(SENSOR_SCHEMA({"device": device, "name": "x"}), Path())
        )
        for device in PROFILES
    }

    def take(data: bytes) -> None:
        device, *parts = data.split(NOTIFICATION_END)
        request = requests.get(device.decode(errors="replace"), requests["polar_h10"])
        calendar = Calendar(ZoneInfo("UTC"))
        router = FrameRouter(SourceRequest((request,), None, calendar, host, host.now()))
        decoder = SensorDecoder(request, router)
        decoder.start_connection()
        subscribed = request.options.profile.subscribe
        for number, part in enumerate(parts):
            characteristic = subscribed[(part[:1] or b"\0")[0] % len(subscribed)]
            decoder.decode(Notification(characteristic, part[1:], 700_000 * number), 0)

    return take


def notification_seeds() -> list[bytes]:
    """Return a start and three notifications of each model."""
    accepted = b"\0\xf0\2\2\0\0\5\1\x40\xda\x7f\x39"
    header = b"\1\2" + bytes(8)
    compressed = header + b"\x80" + b"\0\0\0\0\2\x10\6\3" + bytes(7)
    uncompressed = header + b"\1" + b"\0\0\0\0\xe8\3" * 4
    movesense = b"\0\2\x63" + bytes(4) + b"\0\0\0\0\0\0\0\0\x38\xe9\x1c\x41"
    witmotion = b"\0\x55\x61" + b"\0\x08" * 9
    frame = b"\0" + AnkleSensor(id=1).frame(leg(0, 0.5, []))
    streams = {
        b"polar_verity_sense": (accepted, compressed, compressed),
        b"polar_h10": (accepted, uncompressed, uncompressed),
        b"movesense": (b"\0\1\x63\xc8\0", movesense, b"\0\3\x63" + bytes(12)),
        b"witmotion": (witmotion, witmotion, witmotion),
        b"limber": (frame, frame, frame),
    }
    return [NOTIFICATION_END.join((name, *parts)) for name, parts in streams.items()]


def stages(folder: Path) -> Callable[[bytes], None]:
    """Sleep stages, and movements, of any format."""
    from limber_bridge.detection.rules import AASM
    from limber_bridge.domain.recording import UnreadableRecordingError
    from limber_bridge.offline.rescore import read_annotations, rescore_night

    path = folder / "stages"
    movements = folder / "movements.csv"
    movements.write_text("onset,duration,side\n35,2,L\n60,2,R\n90,2,\n")

    def take(data: bytes) -> None:
        path.write_bytes(data)
        for first in (movements, path):
            with contextlib.suppress(UnreadableRecordingError):
                json.dumps(rescore_night(read_annotations(first, path, None), AASM))

    return take


def stage_seeds() -> list[bytes]:
    """Return hypnograms in every format."""
    import edfio

    words = ("W", "N1", "N2", "R", "?")
    annotations = [
        *(edfio.EdfAnnotation(30 * at, 30, f"Sleep stage {word}") for at, word in enumerate(words)),
        edfio.EdfAnnotation(40, 2, "PLM left"),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stages.edf"
        edfio.Edf([], annotations=annotations).write(path)
        edf = path.read_bytes()
    events = b"".join(
        b"<ScoredEvent><EventType>Stages|Stages</EventType><EventConcept>Wake|0</EventConcept>"
        b"<Start>%d</Start><Duration>30</Duration></ScoredEvent>" % (30 * at)
        for at in range(3)
    )
    profusion = b"<SleepStage>0</SleepStage><SleepStage>2</SleepStage>"
    return [
        edf,
        b"<PSGAnnotation><ScoredEvents>" + events + b"</ScoredEvents></PSGAnnotation>",
        b"<CMPStudyConfig><EpochLength>30</EpochLength>" + profusion + b"</CMPStudyConfig>",
        b"time,stage\n23:59:30,W\n00:00:00,N2\n",
        b"onset;duration;stage\n0;30;W\n30,0;60;2.0\n",
        b"W\nN1\nN2\n4\n5\n",
    ]


def marks(folder: Path) -> Callable[[bytes], None]:
    """Annotations by a scorer: movements, stages and respiratory events."""
    from limber_bridge.detection.rules import AASM, WASM_2016
    from limber_bridge.domain.recording import UnreadableRecordingError
    from limber_bridge.offline.rescore import read_annotations, rescore_night

    paths = [folder / name for name in ("movements.csv", "stages.csv", "events.csv")]

    def take(data: bytes) -> None:
        for path, part in zip(paths, (*data.split(b"\n\n"), b"", b"", b""), strict=False):
            path.write_bytes(part)
        with contextlib.suppress(UnreadableRecordingError):
            found = read_annotations(*paths)
            for rules in (WASM_2016, AASM):
                json.dumps(rescore_night(found, rules))

    return take


def mark_seeds() -> list[bytes]:
    """Return the three files, separated by empty lines."""
    movements = b"onset,duration,side\n" + b"".join(
        b"%d,2.0,%s\n" % (20 * at, b"LR"[at % 2 :][:1]) for at in range(9)
    )
    stages = b"epoch,stage\n" + b"".join(
        b"%d,%s\n" % (at, stage) for at, stage in enumerate(b"W N1 N2 N3 R W".split())
    )
    return [b"\n\n".join((movements.strip(), stages.strip(), b"onset,duration\n30,12\n95,20"))]


def configuration(folder: Path) -> Callable[[bytes], None]:
    """`limber.yaml`, loaded and validated."""
    from limber_bridge.config.loader import load_config
    from limber_bridge.config.yaml_loader import ConfigError

    path = folder / "limber.yaml"

    def take(data: bytes) -> None:
        path.write_bytes(data)
        with contextlib.suppress(ConfigError):
            load_config(path)

    return take


def configuration_seeds() -> list[bytes]:
    """Return a configuration that uses every key."""
    text = """\
bridge: {id: b, name: B, time_zone: America/New_York, journal: j.db, rules: aasm,
  night_boundary: 20}
broker: {host: h, port: 8884, user: u, password: !env_var HOME, tls: false, base_topic: home/limber}
network: {address: 127.0.0.1, port: 5555}
web: {port: 80}
sleepers:
  - id: joerg
    name: Jörg
    sensors:
      - {id: 1, source: network, placement: tibialis, side: right, quantity: emg,
          key: a-secret-key-5e1f}
      - {id: 2, source: recording, placement: bed, quantity: load, path: n.csv, speed: 100}
      - {id: 3, source: simulated, placement: bed, quantity: acceleration, seed: 3, plm_index: 40}
"""
    return [text.encode()]


def contract(*prefixes: str) -> Callable[[], list[bytes]]:
    """Return a function that reads the golden messages whose names start with the prefixes."""
    return lambda: [
        path.read_bytes()
        for name in prefixes
        for path in sorted((ROOT / "contract").glob(f"{name}*.json"))
    ]


def messages(_folder: Path) -> Callable[[bytes], None]:
    """MQTT payloads to the Home Assistant integration."""
    import homeassistant.core  # noqa: F401 - the integration's voluptuous comes with it

    from custom_components.limber.json_decoding import MalformedMessageError
    from custom_components.limber.wire import (
        OtherVersionError,
        parse_event,
        parse_info,
        parse_response,
        parse_state,
    )

    parsers: tuple[Callable[[str], object], ...] = (
        parse_info,
        parse_state,
        parse_event,
        parse_response,
    )

    def take(data: bytes) -> None:
        # Home Assistant hands on what is UTF-8 and nothing else.
        text = data.decode(errors="replace")
        for parse in parsers:
            with contextlib.suppress(MalformedMessageError, OtherVersionError):
                parse(text)

    return take


def requests(_folder: Path) -> Callable[[bytes], None]:
    """Bytes to the port of the HTTP server, over a real connection.

    Afterwards the server must still respond.
    """
    from limber_bridge.config.model import HttpEndpoint
    from limber_bridge.domain.nights import to_utc
    from limber_bridge.protocol.health_messages import HealthReport, JournalHealth
    from limber_bridge.sources.host_clock import HostClock
    from limber_bridge.sources.inbox import Inbox
    from limber_bridge.web.http_server import Ingest, limited_server
    from tests.contract.messages import AT, BRIDGE, CONNECTED

    report = HealthReport(
        healthy=True,
        live=True,
        time=to_utc(AT),
        software="1",
        recording=True,
        journal=JournalHealth(),
        bridge=BRIDGE,
        sleepers={"anna": {"1": CONNECTED}},
    )
    loop = asyncio.new_event_loop()
    stack = contextlib.ExitStack()

    async def opened() -> tuple[LimitedServer, int]:
        inbox = Inbox()
        stack.enter_context(inbox.receiving(1, lambda _: None, "fuzz-secret"))
        ingest = Ingest(inbox, HostClock())
        served = limited_server(HttpEndpoint(LOOPBACK, 1), lambda: report, ingest)
        server = await loop.create_server(served, LOOPBACK)
        return served, int(server.sockets[0].getsockname()[1])

    served, port = loop.run_until_complete(opened())

    def take(data: bytes) -> None:
        loop.run_until_complete(requested(served, port, data))
        if zlib.crc32(data) % 64 == 0:
            question = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
            answered = loop.run_until_complete(requested(served, port, question))
            if not answered.startswith(b"HTTP/1.1 200"):
                raise DevtoolError(f"no answer any more, but {answered[:80]!r}")

    return take


async def requested(served: LimitedServer, port: int, data: bytes) -> bytes:
    """Return the response to some bytes, once the server has closed the connection."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    writer.write(data)
    answered = b""
    # It may hang up on us at any moment.
    with contextlib.suppress(OSError):
        writer.write_eof()
        answered = await reader.read()
    writer.close()
    # The server's side ends only while the loop runs; one that does not is found as an input that
    # takes too long.
    while served.connections:  # noqa: ASYNC110 - aiohttp has no event for it
        await asyncio.sleep(0)
    return answered


def phone_messages(_folder: Path) -> Callable[[bytes], None]:
    """Bodies that a phone posts; what is accepted must be finite samples in order or NaN."""
    from limber_bridge.sources.phone.phone_reader import PhoneReader
    from limber_bridge.sources.source_api import Samples

    def take(data: bytes) -> None:
        reader = PhoneReader(1)
        ends = 0
        for arrived, body in enumerate((data, *PHONE_BODIES, data)):
            events, _ = reader.process_body(body, arrived * 1_000_000, PHONE_START_US)
            for event in events:
                if isinstance(event, Samples):
                    if event.block.first < ends:
                        raise DevtoolError("sample numbers go back")
                    ends = event.block.end

    return take


PHONE_START_US: Final = 1_790_000_000_000_000
"""us UTC at which the recordings of phones begin."""
PHONE_BODIES: Final = tuple(PhoneRecording().messages(leg(0, 5, [(3, 1)]), PHONE_START_US * 1000))


def phone_seeds() -> list[bytes]:
    """Return valid bodies of every platform."""
    return [
        PhoneRecording(platform).message(leg(0, 1, []), PHONE_START_US * 1000)
        for platform in PLATFORMS
    ]


def request_seeds() -> list[bytes]:
    """Return valid requests."""
    return [
        b"GET /health HTTP/1.1\r\nHost: localhost:47801\r\nAccept: */*\r\n\r\n",
        b"POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nabcd",
        (
            b"GET /health HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"4\r\nabcd\r\n0\r\n\r\n"
        ),
        b"POST /ingest/1/fuzz-secret HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /ingest/1/wrong HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
    ]


TARGETS: Final[dict[str, Target]] = {
    "frames": Target(frame_seeds, frames),
    "bluetooth": Target(notification_seeds, notifications),
    **{name: Target(*parts) for name, parts in RECORDING_TARGETS.items()},
    "marks": Target(mark_seeds, marks),
    "stages": Target(stage_seeds, stages),
    "yaml": Target(configuration_seeds, configuration),
    "mqtt-bridge": Target(golden_requests, questions),
    "answers": Target(golden_requests, answers),
    "mqtt-home": Target(contract("info", "state", "event_", "response_"), messages),
    "http": Target(request_seeds, requests),
    "pages": Target(page_seeds, pages),
    "phone": Target(phone_seeds, phone_messages),
}
