"""What the broker allows the bridge to publish and to receive; pure."""

from dataclasses import dataclass, replace

from limber_bridge.daemon import broker_problems as problems
from limber_bridge.daemon.mqtt_events import (
    Action,
    ClearProblem,
    LogWarning,
    MessageTooLarge,
    RaiseProblem,
)
from limber_bridge.protocol.encoding import Topics


@dataclass(frozen=True, slots=True)
class Permissions:
    """Remember what the broker refused last."""

    refused_topics: frozenset[str] = frozenset()
    """Topics on which the broker refused the last message."""
    oversized_topics: frozenset[str] = frozenset()
    """Topics on which the last message was too large for the broker."""
    small_pages: bool = False
    """Whether it was logged that responses are sent in smaller pages."""
    awaited_subscriptions: frozenset[str] = frozenset()
    """Topics that the bridge needs and is not subscribed to."""

    def await_subscriptions(self, topics: Topics) -> Permissions:
        """Return the permissions at the start of a session, before any subscription is granted."""
        return replace(self, awaited_subscriptions=needed_subscriptions(topics))

    def refuse_publish(
        self, topic: str, reason: str, topics: Topics
    ) -> tuple[Permissions, tuple[Action, ...]]:
        """Add a topic to those that the broker refuses."""
        topic = permission_topic(topic, topics)
        refused = replace(self, refused_topics=self.refused_topics | {topic})
        text = problems.publish_refused(topics, topic, reason)
        return refused, (RaiseProblem(problems.PUBLISH_REFUSED, text),)

    def accept_publish(self, topic: str, topics: Topics) -> tuple[Permissions, tuple[Action, ...]]:
        """Remove a topic from those that the broker refuses."""
        topic = permission_topic(topic, topics)
        accepted = replace(
            self,
            refused_topics=self.refused_topics - {topic},
            oversized_topics=self.oversized_topics - {topic},
        )
        actions: list[Action] = []
        if self.refused_topics and not accepted.refused_topics:
            actions.append(ClearProblem(problems.PUBLISH_REFUSED, problems.PUBLISH_ACCEPTED))
        if self.oversized_topics and not accepted.oversized_topics:
            actions.append(ClearProblem(problems.MESSAGE_TOO_LARGE, problems.SIZE_ACCEPTED))
        return accepted, tuple(actions)

    def refuse_size(
        self, event: MessageTooLarge, topics: Topics
    ) -> tuple[Permissions, tuple[Action, ...]]:
        """Add a topic to those with too large messages; a response is sent in smaller pages."""
        topic = permission_topic(event.topic, topics)
        if topic != event.topic:
            text = problems.smaller_responses(event.size, event.limit)
            said = () if self.small_pages else (LogWarning(text),)
            return replace(self, small_pages=True), said
        oversized = replace(self, oversized_topics=self.oversized_topics | {topic})
        text = problems.message_too_large(topic, event.size, event.limit)
        return oversized, (RaiseProblem(problems.MESSAGE_TOO_LARGE, text),)

    def refuse_subscription(
        self, topic: str, reason: str, topics: Topics
    ) -> tuple[Permissions, tuple[Action, ...]]:
        """Report a refused subscription, if the bridge needs it."""
        if topic not in needed_subscriptions(topics):
            return self, ()
        text = problems.subscription_refused(topics, topic, reason)
        return self, (RaiseProblem(problems.SUBSCRIPTION_REFUSED, text),)

    def grant_subscription(self, topic: str) -> tuple[Permissions, tuple[Action, ...]]:
        """Remove a topic from those awaited; with the last one, the problem is over."""
        if topic not in self.awaited_subscriptions:
            return self, ()
        granted = replace(self, awaited_subscriptions=self.awaited_subscriptions - {topic})
        if granted.awaited_subscriptions:
            return granted, ()
        text = problems.SUBSCRIPTIONS_GRANTED
        return granted, (ClearProblem(problems.SUBSCRIPTION_REFUSED, text),)


def needed_subscriptions(topics: Topics) -> frozenset[str]:
    """Return the topics to which the bridge must be subscribed.

    They are requests, its own heartbeat, and what sensors send over the broker.
    """
    return frozenset((topics.request, topics.status, *map(topics.ingest, topics.senders)))


def permission_topic(topic: str, topics: Topics) -> str:
    """Return the topic for which a right is needed: one filter for all responses.

    A client whose response was refused may never ask again, so its own topic would stay refused.
    """
    return f"{topics.responses}#" if topic.startswith(topics.responses) else topic
