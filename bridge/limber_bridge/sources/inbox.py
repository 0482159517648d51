"""Pass messages that other parts of the bridge receive to the source that reads the sensor.

The HTTP server receives what phones post, and the MQTT client what Home Assistant relays. Neither
knows what the messages mean: they hand them over here, by the id of the sensor.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hmac import compare_digest


@dataclass(frozen=True, slots=True)
class Position:
    """Place of a message among those of its sender."""

    run: str
    """Which run of the sender; each has numbers of its own."""
    number: int
    """Rises from one message to the next."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message for one sensor, as it was received."""

    payload: bytes
    arrived: int
    """us on the host's steady clock."""
    secret: str = ""
    """What the sender gave to prove that it may send; empty where the broker has checked it."""
    channel: str = ""
    """Which stream of the sensor it belongs to, where there are several."""
    position: Position | None = None
    """Where it belongs, if the sender numbers its messages, as it may send one twice."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message was not accepted."""

    text: str
    """One sentence for the person who set up the sender, with the remedy."""
    unauthorized: bool = False
    """The secret is wrong, or no such sensor is configured."""


type Receiver = Callable[[Delivery], Refusal | None]
"""Takes a message at once, without waiting; returns why it was refused, None if it was accepted."""

UNKNOWN_SENSOR: Refusal = Refusal(
    "the bridge has no sensor with this id and secret: compare the address with limber.yaml",
    unauthorized=True,
)


class Inbox:
    """Holds the receiver of each sensor that takes messages from elsewhere."""

    def __init__(self, on_failure: Callable[[int, Exception], Refusal] | None = None) -> None:
        """Start without receivers.

        `on_failure` takes the sensor and an unexpected error of its receiver, and returns what the
        sender gets; None: the error is raised.
        """
        self._on_failure = on_failure
        self._receivers: dict[int, Receiver] = {}
        self._secrets: dict[int, str] = {}

    @contextmanager
    def receiving(self, sensor: int, receiver: Receiver, secret: str = "") -> Iterator[None]:
        """Pass the messages of a sensor to `receiver` while the context is entered.

        `secret`: what each delivery must prove to know; empty where the broker checks the sender.
        """
        self._receivers[sensor] = receiver
        self._secrets[sensor] = secret
        try:
            yield
        finally:
            del self._receivers[sensor]
            del self._secrets[sensor]

    def admits(self, sensor: int, secret: str) -> bool:
        """Return whether a sensor takes messages with this secret.

        The time that this takes says nothing about the secret.
        """
        expected = self._secrets.get(sensor)
        equal = compare_digest((expected or "").encode(), secret.encode(errors="replace"))
        return equal and expected is not None

    def deliver(self, sensor: int, delivery: Delivery) -> Refusal | None:
        """Pass a message to the receiver of a sensor; return why it was refused, if it was."""
        if not self.admits(sensor, delivery.secret):
            return UNKNOWN_SENSOR
        try:
            return self._receivers[sensor](delivery)
        except Exception as error:
            # What a sender can write has no end, and one sender must not stop what serves them all.
            if self._on_failure is None:
                raise
            return self._on_failure(sensor, error)
