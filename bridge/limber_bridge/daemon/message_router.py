"""Passes messages from the broker to the parts of the bridge that they are for."""

from collections.abc import Callable

from limber_bridge.daemon.job_queue import JobQueue
from limber_bridge.daemon.mqtt_client import HOME_ASSISTANT
from limber_bridge.daemon.request_worker import RequestReceiver
from limber_bridge.protocol.encoding import ONLINE, Topics
from limber_bridge.sources.inbox import Delivery, Inbox


class MessageRouter:
    """Pass requests on to be answered, and what sensors send to their sources."""

    def __init__(
        self,
        topics: Topics,
        jobs: JobQueue,
        inbox: Inbox,
        steady: Callable[[], int],
    ) -> None:
        """Start; `steady` returns the steady clock."""
        self._topics = topics
        self._steady = steady
        self._jobs = jobs
        self._inbox = inbox
        self.requests: RequestReceiver | None = None
        """Where requests go; none arrives before there is a connection."""

    def set_topics(self, topics: Topics) -> None:
        """Pass on the messages of the sensors that send over the broker now."""
        self._topics = topics

    def route(self, topic: str, payload: bytes) -> None:
        """Pass on a message; everything retained is published when Home Assistant has started."""
        sensor = self._topics.sender_of(topic)
        if sensor is not None:
            # The source reports what it refuses as an error of the sensor.
            self._inbox.deliver(sensor, Delivery(payload, self._steady()))
        elif topic == HOME_ASSISTANT:
            if payload == ONLINE:
                self._jobs.request_republish()
        elif topic == self._topics.request and self.requests is not None:
            self.requests.receive(payload, self._steady(), self._topics)
