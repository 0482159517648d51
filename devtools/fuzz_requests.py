"""Random requests to the bridge, for `devtools.fuzz`: parsed, and answered from a journal."""

import atexit
import contextlib
import json
import random
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from devtools.processes import ROOT

FIRST_NIGHT: Final = date(2026, 11, 16)
COMMON_FIELDS: Final = frozenset({"command", "v", "id", "reply_to", "sleeper"})
VALUES: Final = (
    None,
    True,
    False,
    "",
    "magnesium",
    "0001-01-01",
    "2026-11-20",
    "2026-11-30",
    "2026-12-01",
    "9999-12-31",
    "0001-01-01T00:00:00Z",
    "2026-11-30T18:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "movement-1794702600123456",
    "x" * 300,
    "\u202e\x00",
    -1,
    0,
    1,
    2,
    8,
    10,
    365,
    2**31,
    2**63,
    1e308,
)
"""Values of fields: possible, at their limits and beyond, and impossible ones."""
NIGHTS: Final = 12
"""Nights in the journal; the golden requests ask for some of them."""


def questions(_folder: Path) -> Callable[[bytes], None]:
    """MQTT payloads to the bridge, parsed."""
    from limber_bridge.protocol.encoding import (
        MalformedMessageError,
        Topics,
        parse_request,
    )

    topics = Topics("limber", "bedroom")

    def take(data: bytes) -> None:
        with contextlib.suppress(MalformedMessageError):
            parse_request(data, topics)

    return take


def answers(_folder: Path) -> Callable[[bytes], None]:
    """MQTT payloads to a bridge with some nights, a diary and a trial; every one is answered.

    Input that is no JSON stands for a golden request with other values (`as_request`).
    """
    from limber_bridge.protocol.encoding import (
        MalformedMessageError,
        encode,
        parse_request,
    )
    from limber_bridge.protocol.messages import Refusal
    from limber_bridge.protocol.request_messages import RelayRequest
    from tests.bridge.examples import night
    from tests.bridge.trial_home import TOPICS, trial_home

    stack = contextlib.ExitStack()
    # `take` is used until the process ends.
    atexit.register(stack.close)
    home = stack.enter_context(trial_home())
    for number in range(NIGHTS):
        home.measured(night(FIRST_NIGHT + timedelta(days=number)))
    home.ask("diary", night=FIRST_NIGHT.isoformat(), sleep_quality=7)
    home.ask("start_trial", factor="stretching", weeks=2, outcome="plm_index")

    requests = [json.loads(one) for one in golden_requests()]

    def take(data: bytes) -> None:
        try:
            _, request = parse_request(as_request(data, requests), TOPICS)
        except MalformedMessageError:
            return
        if isinstance(request, Refusal | RelayRequest):
            return
        # The next one comes later, so that it is not one too many.
        home.now += 10_000_000
        encode(home.with_handler(lambda handler: handler.answer(request)))

    return take


def as_request(data: bytes, requests: Sequence[dict[str, Any]]) -> bytes:
    """Return JSON as it is, and for other input one of some requests with other values.

    The same input stands for the same request. Changed bytes alone seldom leave a valid one.
    """
    with contextlib.suppress(ValueError):
        json.loads(data)
        return data
    rng = random.Random(data)  # noqa: S311 - input that can be tried again
    request = dict(rng.choice(requests))
    fields = [name for name in request if name not in COMMON_FIELDS]
    for name in rng.sample(fields, min(len(fields), rng.randint(1, 3))):
        request[name] = rng.choice(VALUES)
    return json.dumps(request).encode()


def golden_requests() -> Sequence[bytes]:
    """Return the golden requests."""
    return [path.read_bytes() for path in sorted((ROOT / "contract").glob("request_*.json"))]
