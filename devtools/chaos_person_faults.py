"""A person answers while `script/chaos` disturbs the bridge: what was confirmed must be kept.

They rate their sleep in the diary, and log factors with a note. A confirmed request is in the
journal once; one without a response may be in it, but not twice.
"""

import asyncio
import json
import random
import threading
from collections.abc import Sequence
from typing import Any, Final, override

import paho.mqtt.client as paho

from devtools.chaos_answers import NOTE, PersonAnswers
from devtools.chaos_client import ChaosClient
from devtools.chaos_faults import Chaos, Fault
from devtools.chaos_verdict import NIGHT
from limber_bridge.domain.diary import RATING_MAX

ROOT: Final = "limber/bedroom"
ANSWERS: Final = (6, 14)
"""Requests that a person sends in a row, fewest and most. chosen."""


class Person(ChaosClient):
    """Sends answers to the bridge and notes which are confirmed."""

    def __init__(self, port: int, answers: PersonAnswers, rng: random.Random) -> None:
        """Prepare; nothing is connected before the context is entered."""
        self._reply_to = f"{ROOT}/response/person-{rng.randrange(2**32)}"
        super().__init__(port, (self._reply_to,))
        self._answers = answers
        self._rng = rng
        self._lock = threading.Lock()

    def answer(self) -> None:
        """Rate the night, or log a factor."""
        if self._rng.random() < 0.5:
            self._rate()
        else:
            self._log()

    def _rate(self) -> None:
        rating = self._rng.randrange(RATING_MAX + 1)
        with self._lock:
            self._answers.ratings.append(rating)
            number = len(self._answers.ratings)
        self._send(
            f"rating-{number}",
            {"command": "diary", "night": NIGHT.isoformat(), "sleep_quality": rating},
        )

    def _log(self) -> None:
        with self._lock:
            note = f"{NOTE}{len(self._answers.notes)}"
            self._answers.notes.append(note)
        self._send(note, {"command": "log", "factor": "water", "note": note})

    def _send(self, id_: str, request: dict[str, Any]) -> None:
        common = {"v": 1, "id": id_, "reply_to": self._reply_to, "sleeper": "anna"}
        self.client.publish(f"{ROOT}/request", json.dumps(common | request), qos=1)

    @override
    def take(self, message: paho.MQTTMessage) -> None:
        response = json.loads(message.payload)
        if not response["ok"]:
            return
        with self._lock:
            if response["id"].startswith(NOTE):
                self._answers.confirmed_notes.add(response["id"])
                return
            number = int(response["id"].removeprefix("rating-"))
            self._answers.confirmed_ratings = max(self._answers.confirmed_ratings, number)


async def answer_while_it_stops(chaos: Chaos) -> None:
    """Answer some questions; meanwhile the bridge is killed or stopped, or nothing happens."""
    await chaos.up()
    count = chaos.rng.randint(*ANSWERS)
    stops_at = chaos.rng.randrange(2 * count)
    with Person(chaos.stack.broker_port, chaos.answers, chaos.rng) as person:
        for number in range(count):
            person.answer()
            await chaos.pause(0.0, 0.3)
            if number == stops_at:
                await stop_somehow(chaos)
        # The last responses; without them less is checked.
        await chaos.pause(1.0, 2.0)


async def stop_somehow(chaos: Chaos) -> None:
    """Kill or terminate the bridge, and start it again."""
    bridge = chaos.stack.running["bridge"]
    if chaos.rng.random() < 0.5:
        bridge.kill()
    else:
        await asyncio.to_thread(bridge.stop)
    chaos.stack.revive()


PERSON_FAULTS: Final[Sequence[Fault]] = (Fault("answers while it stops", answer_while_it_stops),)
"""Rows of `devtools.chaos.FAULTS`."""
