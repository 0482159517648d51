"""Feed random input to every parser that reads bytes from outside, millions of times.

A parser may reject an input only with its documented error. Anything else is a failure: another
exception, more than two seconds, or growing memory. Hypothesis cuts and changes valid examples;
atheris, where available, also follows the branches of the code.
"""

import argparse
import contextlib
import ctypes
import gc
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from devtools.fuzz_targets import TARGETS
from devtools.processes import ROOT

if TYPE_CHECKING:
    pass

KEPT: Final = ROOT / "fuzz"
HANG: Final = 2.0
"""s that one input may take."""
ROUNDS: Final = settings(
    max_examples=250,
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
    b"0001-01-01",
    b"9999-12-31",
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
