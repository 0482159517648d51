"""Feed random input to every parser that reads bytes from outside, millions of times.

A parser may reject an input only with its documented error. Anything else is a failure: another
exception, more than two seconds, or growing memory. Hypothesis cuts and changes valid examples;
atheris, where available, also follows the branches of the code.
"""

import argparse
import asyncio
import contextlib
import ctypes
import gc
import gzip
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from devtools.network_sensor import AnkleSensor, leg
from devtools.phone_messages import PLATFORMS, PhoneRecording
from devtools.processes import LOOPBACK, ROOT, DevtoolError

if TYPE_CHECKING:
    from limber_bridge.web.http_server import LimitedServer

KEPT: Final = ROOT / "fuzz"
HANG: Final = 2.0
"""s that one input may take."""
ROUNDS: Final = settings(
    max_examples=500,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
"""Inputs from Hypothesis between two checks of the time."""
GROWTH: Final = 64.0
"""MB by which a parser's memory may grow after the first tenth of the run."""
WORDS: Final = (
    b"",
    b"\0",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"NaN",
    b"1e309",
    b"-0",
    b"9" * 40,
    b"\n",
    b"\r\n",
    b",",
    b'"',
    b"'",
    b"{",
    b"}",
    b"[",
    b"]",
    b": ",
    b"- ",
    b"&a",
    b"*a",
    b"<<",
    b"!file ",
    b"!env_var ",
    b"null",
    b"true",
    b"\\u0000",
    b"\xf0\x9f\x8c\x99",
    b"Content-Length: 1\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"\x1f\x8b",
    b"+1\x14\x14\0",
    b"|next|",
)


class TimeLimitError(Exception):
    """An input took too long."""


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
        for number, side, key in ((1, Side.LEFT, None), (2, Side.RIGHT, b"a secret key"))
    )
    router = FrameRouter(
        SourceRequest(
            wanted, ListenAddress(LOOPBACK, 1), Calendar(ZoneInfo("UTC")), host, host.now()
        )
    )

    def take(data: bytes) -> None:
        for _ in router.route_frame(data, host.steady(), host.utc_offset):
            pass

    return take


def frame_seeds() -> list[bytes]:
    """Return frames of both sensors."""
    devices = (AnkleSensor(), AnkleSensor(id=2, key=b"a secret key"))
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


def recording(suffix: str) -> Callable[[Path], Callable[[bytes], None]]:
    """Return a function that reads a recording up to its last block."""

    def prepare(folder: Path) -> Callable[[bytes], None]:
        from limber_bridge.domain.recording import UnreadableRecordingError
        from limber_bridge.recordings import read_recording
        from limber_bridge.recordings.read_options import ReadOptions

        path = folder / f"night{suffix}"
        options = ReadOptions(zone=ZoneInfo("Europe/Berlin"))

        def take(data: bytes) -> None:
            path.write_bytes(data)
            with contextlib.suppress(UnreadableRecordingError):
                for one in read_recording(path, options).signals:
                    for _ in one.blocks:
                        pass

        return take

    return prepare


def recording_seeds(suffix: str) -> Callable[[], list[bytes]]:
    """Return a function that makes short nights of every kind of sensor."""

    def seeds() -> list[bytes]:
        from limber_bridge.offline.simulate import SimulateOptions, simulate_night
        from limber_bridge.simulation.plan import NightSpec

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"night{suffix}"
            found = []
            for sensor, rate in (("ankle", 10.0), ("bed", 10.0), ("emg", 200.0)):
                simulate_night(
                    SimulateOptions(
                        out=path,
                        spec=NightSpec(hours=0.25, cramps=0),
                        seed=1,
                        sensor=sensor,
                        rate=rate,
                    )
                )
                data = (
                    gzip.decompress(path.read_bytes()) if suffix == ".csv.gz" else path.read_bytes()
                )
                few = data if suffix == ".edf" else b"".join(data.splitlines(keepends=True)[:40])
                found.append(gzip.compress(few) if suffix == ".csv.gz" else few)
            return found

    return seeds


def edf_plus_seeds() -> list[bytes]:
    """Return short EDF+D and BDF+D recordings of EMG, the second one packed."""
    import numpy as np

    from tests.bridge.edf_files import RawEdf, RawSignal, write_raw_edf

    samples = np.random.default_rng(1).normal(0, 5, 20 * 100)
    signals = [RawSignal(label="lleg1_2", unit="\u00b5V", samples=samples, rate=100.0)]
    onsets = [f"+{600 + record * 1.0}" for record in range(20)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "night"
        edf = write_raw_edf(path, RawEdf(signals=signals, reserved="EDF+D", onsets=onsets))
        found = [edf.read_bytes()]
        bdf = RawEdf(signals=signals, reserved="BDF+D", onsets=onsets, bdf=True)
        found.append(gzip.compress(write_raw_edf(path, bdf).read_bytes()))
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("night.edf", found[0])
        return [*found, path.read_bytes()]


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
      - {id: 1, source: network, placement: tibialis, side: right, quantity: emg, key: a-secret-key}
      - {id: 2, source: recording, placement: bed, quantity: load, path: n.csv, speed: 100}
      - {id: 3, source: simulated, placement: bed, quantity: acceleration, seed: 3, plm_index: 40}
"""
    return [text.encode()]


def questions(_folder: Path) -> Callable[[bytes], None]:
    """MQTT payloads to the bridge."""
    from limber_bridge.protocol.encoding import MalformedMessageError, Topics, parse_request

    topics = Topics("limber", "bedroom")

    def take(data: bytes) -> None:
        with contextlib.suppress(MalformedMessageError):
            parse_request(data, topics)

    return take


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

    from custom_components.limber.wire import (
        MalformedMessageError,
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
    from limber_bridge.protocol.messages import HealthReport, JournalHealth
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
    "csv": Target(recording_seeds(".csv"), recording(".csv")),
    "csv.gz": Target(recording_seeds(".csv.gz"), recording(".csv.gz")),
    "edf": Target(recording_seeds(".edf"), recording(".edf")),
    "edf+": Target(edf_plus_seeds, recording(".edf")),
    "marks": Target(mark_seeds, marks),
    "stages": Target(stage_seeds, stages),
    "yaml": Target(configuration_seeds, configuration),
    "mqtt-bridge": Target(contract("request_"), questions),
    "mqtt-home": Target(contract("info", "state", "event_", "response_"), messages),
    "http": Target(request_seeds, requests),
    "phone": Target(phone_seeds, phone_messages),
}


@st.composite
def mangled(draw: st.DrawFn, examples: Sequence[bytes]) -> bytes:
    """Return an example with some parts replaced."""
    data = bytearray(draw(st.sampled_from(examples)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 8) | st.integers(0, len(data)))] = draw(
            st.sampled_from(WORDS) | st.binary(max_size=12)
        )
    return bytes(data)


@contextlib.contextmanager
def in_time() -> Iterator[None]:
    """Raise TimeLimitError if something takes too much time of the processor.

    A busy machine must not fail the test, so the time of this process counts, not that of the wall.
    """

    def late(*_: object) -> None:
        raise TimeLimitError(f"more than {HANG:g} s")

    signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, HANG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def held() -> float:
    """Return the memory of this process without what it could release, in MB."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def keep(name: str, data: bytes) -> Path:
    """Save an input that caused a failure."""
    path = KEPT / name / hashlib.sha256(data).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def by_hypothesis(name: str, seconds: float, first: int) -> dict[str, Any]:
    """Try inputs for some time; return count, slowest (s) and memory growth (MB).

    A failing input raises.
    """
    with tempfile.TemporaryDirectory() as folder:
        take = TARGETS[name].prepare(Path(folder))
        examples = TARGETS[name].seeds()
        count = 0
        slowest = 0.0
        began = time.monotonic()
        grown = None

        def tried(data: bytes) -> None:
            nonlocal count, slowest
            at = time.perf_counter()
            try:
                with in_time():
                    take(data)
            except BaseException:
                print(f"{name}: kept as {keep(name, data)}", file=sys.stderr)
                raise
            slowest = max(slowest, time.perf_counter() - at)
            count = count + 1

        for old in sorted((KEPT / name).glob("*")):
            tried(old.read_bytes())
        for number in range(first, first + 10**9):
            ROUNDS(seed(number)(given(mangled(examples))(tried)))()
            passed = time.monotonic() - began
            grown = held() if grown is None and passed > seconds / 10 else grown
            if passed > seconds:
                break
        growth = held() - (grown or held())
        if growth > GROWTH:
            raise MemoryError(f"{name}: {growth:.0f} MB more than after the first tenth")
        return {"inputs": count, "slowest_ms": 1000 * slowest, "growth_mb": growth}


def by_atheris(name: str, seconds: float, first: int) -> None:
    """Let atheris try inputs for some time; it ends the process and reports on stderr."""
    import atheris

    with atheris.instrument_imports(include=["limber_bridge", "custom_components", "edfio"]):
        folder = Path(tempfile.mkdtemp())
        take = TARGETS[name].prepare(folder)
        examples = TARGETS[name].seeds()
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, example in enumerate(examples):
        (corpus / str(number)).write_bytes(example[:200_000])
    words = folder / "words"
    words.write_text(
        "".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in WORDS if word)
    )
    (KEPT / name).mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={round(seconds)}",
        f"-timeout={round(HANG)}",
        "-rss_limit_mb=1024",
        "-print_final_stats=1",
        f"-dict={words}",
        f"-artifact_prefix={KEPT / name}/",
        f"-seed={first + 1}",
        "-max_len=65536",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], take)
    atheris.Fuzz()


def has_atheris() -> bool:
    """Return whether atheris is installed."""
    import importlib.util

    return importlib.util.find_spec("atheris") is not None


def run(name: str, engine: str, seconds: float, first: int) -> dict[str, Any]:
    """Fuzz one parser in its own process; return its figures, with `fault` if one was found."""
    command = [sys.executable, "-m", "devtools.fuzz", "--target", name, "--engine", engine]
    command += ["--seconds", str(seconds), "--seed", str(first)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=seconds * 3 + 120
    )
    if done.returncode:
        # atheris reports exceptions on stdout.
        return {"fault": done.stderr[-3000:] + done.stdout[-3000:]}
    if engine == "hypothesis":
        return dict(json.loads(done.stdout.splitlines()[-1]))
    stats = dict(re.findall(r"stat::(\w+):\s+(\d+)", done.stderr))
    return {
        "inputs": int(stats["number_of_executed_units"]),
        "slowest_ms": 1000.0 * int(stats["slowest_unit_time_sec"]),
        "peak_mb": float(stats["peak_rss_mb"]),
    }


def campaign(minutes: float, first: int, names: Sequence[str]) -> int:
    """Fuzz all parsers and print a table; return the exit status."""
    engines = ["hypothesis", "atheris"] if has_atheris() else ["hypothesis"]
    if len(engines) == 1:
        print("atheris is not installed here: Hypothesis alone")
    seconds = 60 * minutes / len(names) / len(engines)
    faults = total = 0
    print(f"{'parser':<12} {'by':<10} {'inputs':>11} {'slowest':>9} {'memory':>15}")
    for name in names:
        for engine in engines:
            found = run(name, engine, seconds, first)
            if "fault" in found:
                faults += 1
                said = [
                    line
                    for line in found["fault"].splitlines()
                    if not line.startswith(("INFO", "WARNING"))
                ]
                print(f"{name:<12} {engine:<10} FAULT", *said[-25:], sep="\n", flush=True)
                continue
            total += found["inputs"]
            grown = (
                f"{found['growth_mb']:+.1f} MB"
                if "growth_mb" in found
                else f"{found['peak_mb']:.0f} MB at the most"
            )
            print(
                f"{name:<12} {engine:<10} {found['inputs']:>11,} "
                f"{found['slowest_ms']:>6.0f} ms {grown:>22}",
                flush=True,
            )
    print(f"{total:,} inputs, {faults} faults")
    return 1 if faults else 0


def main() -> int:
    """Run a campaign, or one parser of it."""
    parser = argparse.ArgumentParser(prog="script/fuzz", description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=10.0, help="for all parsers together (default: 10)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="another one tries other inputs (default: 0)"
    )
    parser.add_argument("--target", choices=TARGETS, help="only this parser")
    parser.add_argument("--engine", choices=("hypothesis", "atheris"), help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=10.0, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    match chosen.engine:
        case "hypothesis":
            print(json.dumps(by_hypothesis(chosen.target, chosen.seconds, chosen.seed)))
            return 0
        case "atheris":
            by_atheris(chosen.target, chosen.seconds, chosen.seed)
            return 0
        case _:
            return campaign(
                chosen.minutes, chosen.seed, [chosen.target] if chosen.target else list(TARGETS)
            )


if __name__ == "__main__":
    sys.exit(main())
