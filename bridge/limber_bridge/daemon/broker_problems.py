"""What can be wrong with the broker: the key and the sentence of every problem.

`limber run` and `limber check` use the same sentences: `what happened: detail; remedy`. The keys
are those of `problems` in docs/protocol.md.
"""

from typing import Final

from limber_bridge.protocol.encoding import Topics

NOT_CONNECTED: Final = "broker_disconnected"
"""There is no connection to the broker."""
PUBLISH_REFUSED: Final = "broker_refuses_publish"
"""The broker refuses messages on a topic."""
SUBSCRIPTION_REFUSED: Final = "broker_refuses_subscription"
"""The broker refuses a subscription that the bridge needs."""
HEARTBEAT_LOST: Final = "broker_heartbeat_lost"
"""The broker does not deliver the bridge's own status to the bridge."""
SESSION_TAKEN_OVER: Final = "broker_session_taken_over"
"""Another client with the same client id ends each connection."""

NO_ANSWER: Final = (
    "the broker does not answer; check that it is an MQTT broker and whether it requires `tls`"
)
CLOSES_BEFORE_ANSWER: Final = (
    "the broker closes the connection before it answers; check whether it requires `tls`, or a "
    "client certificate under `tls`"
)
CONNECTION_BROKE: Final = "the connection was lost"
"""Disconnect reason where the broker gives none."""
NO_HEARTBEAT: Final = "the heartbeat did not come back"
"""Disconnect reason where the broker delivered nothing."""
HEARTBEAT_RETURNED: Final = "the broker delivers the heartbeat again"
PUBLISH_ACCEPTED: Final = "the broker accepts messages on all topics again"
SUBSCRIPTIONS_GRANTED: Final = "the broker grants the subscriptions again"
TAKEOVER_ENDED: Final = "the connection is no longer taken over by another client"
CONNECTION_REMEDIES: Final = {
    "Retain not supported": (
        "the state of a bridge must be retained: allow retained messages in the broker "
        "(mosquitto: `retain_available true`)"
    ),
    "QoS not supported": "a bridge needs QoS 1: allow it in the broker (mosquitto: `max_qos 1`)",
    "Client identifier not valid": "allow clients whose id begins with `limber-` in the broker",
    "Quota exceeded": "allow more connections in the broker",
    "Server unavailable": "look into the log of the broker",
    "Server busy": "the bridge tries again",
}
"""By the reason of the broker in paho's words (MQTT 5, 3.2.2.2), where user and password are not
it."""
SIZE_ADVISED: Final = 40_000
"""Bytes of a message that a broker should accept: the longest response, with its topic and room."""
FAREWELL_NOT_DELIVERED: Final = (
    "the broker did not confirm the status `offline`; it publishes the last will instead"
)


def not_connected(reason: str) -> str:
    """Return the sentence for a bridge without a connection, and the reason if it is known."""
    return f"not connected to the broker: {reason or 'still connecting'}"


def unreachable(address: str, error: str) -> str:
    """Return the sentence for a broker to which no TCP connection can be made."""
    return f"no broker at {address} ({error}); check `host` and `port` under `broker`"


def tls_failed(address: str, error: str) -> str:
    """Return the sentence for a broker with which no TLS session can be made."""
    return (
        f"no TLS connection to the broker at {address} ({error}); "
        "check `tls` and `port` under `broker`"
    )


def connection_refused(reason: str) -> str:
    """Return the sentence for a broker that refuses the connection."""
    remedy = CONNECTION_REMEDIES.get(reason, "check `user` and `password` under `broker`")
    return f"the broker refuses the connection: {reason}; {remedy}"


def publish_refused(topics: Topics, topic: str, reason: str) -> str:
    """Return the sentence for a broker that refuses messages on a topic."""
    return (
        f"the broker refuses messages to {topic}: {reason}; "
        f"allow the bridge's user to publish to {topics.root}/#"
    )


def publish_not_confirmed(topic: str, size: int) -> str:
    """Return the sentence for a broker that neither accepts nor refuses a message of some bytes."""
    return (
        f"the broker does not confirm a message of {size:,} bytes to {topic}; look into its log, "
        f"and let it accept messages of {SIZE_ADVISED:,} bytes (mosquitto: `message_size_limit`, "
        "`max_packet_size`)"
    )


def nothing_retained(topics: Topics) -> str:
    """Return the sentence for a broker that does not deliver what was retained."""
    return (
        f"the broker does not deliver the retained message on {topics.status}; let it keep "
        "retained messages (mosquitto: `retain_available true`)"
    )


def subscription_refused(topics: Topics, topic: str, reason: str) -> str:
    """Return the sentence for a broker that refuses a subscription."""
    return (
        f"the broker refuses the subscription to {topic}: {reason}; {subscription_rights(topics)}"
    )


def heartbeat_lost(topics: Topics) -> str:
    """Return the sentence for a broker that accepts the bridge's status and does not deliver it."""
    return (
        "the broker accepts messages but delivers none; the bridge reconnects; "
        f"if this lasts, {subscription_rights(topics)}"
    )


def nothing_delivered(topics: Topics) -> str:
    """Return the sentence for a broker that accepts messages but delivers none."""
    return f"the broker accepts messages but delivers none; {subscription_rights(topics)}"


def subscription_rights(topics: Topics) -> str:
    """Return which rights the bridge needs to receive messages."""
    *others, last = (topics.request, *map(topics.ingest, topics.senders), topics.status)
    return f"allow the bridge's user to subscribe to {', '.join(others)} and {last}"


def same_id_connected(bridge: str) -> str:
    """Return the disconnect reason where the broker says that the session was taken over."""
    return f"another bridge with the id `{bridge}` is connected"


def same_id_suspected(bridge: str) -> str:
    """Return the disconnect reason where short connections suggest the same."""
    return f"each connection is lost soon; another bridge with the id `{bridge}` may be connected"


def session_taken_over(bridge: str) -> str:
    """Return the sentence for a session that another client took over."""
    return f"{same_id_connected(bridge)}; {SEPARATE_IDS}"


def session_takeover_suspected(bridge: str) -> str:
    """Return the sentence for connections that end as if another client took them over."""
    return (
        f"{same_id_suspected(bridge)}; if there is one, {SEPARATE_IDS}; if not, check the network"
    )


def same_id_online(bridge: str) -> str:
    """Return the sentence for a bridge that is online although no bridge uses this journal."""
    return (
        f"another bridge with the id `{bridge}` is online, and it does not use this journal; "
        f"{SEPARATE_IDS}, because each would disconnect the other; if there is none, the broker "
        "kept this status from before a power failure, and the start of the bridge corrects it"
    )


SEPARATE_IDS: Final = "give each bridge its own `id`, or stop one"
"""Remedy for two bridges with one id."""
