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
NO_RETAIN: Final = "broker_no_retain"
"""The broker retains no messages."""
NO_QOS: Final = "broker_no_qos"
"""The broker supports QoS 0 only."""
MESSAGE_TOO_LARGE: Final = "broker_message_too_large"
"""The broker does not accept a message of that size."""
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
NOT_RETAINED: Final = (
    "the broker retains no messages, so Home Assistant knows nothing of the bridge for up to a "
    "minute after each restart; allow retained messages (mosquitto: `retain_available true`)"
)
RETAIN_RETURNED: Final = "the broker retains messages again"
ONLY_QOS_0: Final = (
    "the broker supports QoS 0 only, so messages can be lost without notice; allow QoS 1 "
    "(mosquitto: `max_qos 1`)"
)
QOS_RETURNED: Final = "the broker supports QoS 1 again"
SIZE_ACCEPTED: Final = "the broker accepts the messages that were too large"
CONNECTION_REMEDIES: Final = {
    "Client identifier not valid": "allow clients whose id begins with `limber-` in the broker",
    "Quota exceeded": "allow more connections in the broker",
    "Server unavailable": "look into the log of the broker",
    "Server busy": "the bridge tries again",
}
"""By the reason of the broker in paho's words (MQTT 5, 3.2.2.2), where user and password are not
it."""
SIZE_ADVISED: Final = 40_000
"""Bytes of a message that a broker should accept: the longest response, with its topic and room."""
SIZE_REMEDY: Final = (
    f"let it accept messages of {SIZE_ADVISED:,} bytes (mosquitto: `message_size_limit`, "
    "`max_packet_size`)"
)
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


def client_ended(error: str) -> str:
    """Return the sentence for a client that ended by itself."""
    return f"the MQTT client ended ({error}); connecting again; please report this"


def broken_by_size(size: int) -> str:
    """Return the disconnect reason where the broker does not accept the size of a message."""
    return (
        f"the broker closed the connection because of a message of {size:,} bytes, which is not "
        f"sent again; {SIZE_REMEDY}"
    )


def message_too_large(topic: str, size: int, limit: int | None) -> str:
    """Return the sentence for a message that the broker does not accept for its size."""
    known = "" if limit is None else f": its limit is {limit:,} bytes"
    return (
        f"the broker does not accept a message of {size:,} bytes to {topic}{known}; {SIZE_REMEDY}"
    )


def smaller_responses(size: int, limit: int | None) -> str:
    """Return the sentence for a broker that does not accept responses of the usual size."""
    known = f"messages of {size:,} bytes" if limit is None else f"more than {limit:,} bytes"
    return f"the broker does not accept {known}; responses are sent in smaller pages"


def answer_too_large(size: int) -> str:
    """Return the sentence for a response that the broker accepts in no size."""
    return f"the broker does not accept a response of {size:,} bytes; {SIZE_REMEDY}"


def publish_not_confirmed(topic: str, size: int) -> str:
    """Return the sentence for a broker that neither accepts nor refuses a message of some bytes."""
    return (
        f"the broker does not confirm a message of {size:,} bytes to {topic}; look into its log; "
        f"{SIZE_REMEDY}"
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
