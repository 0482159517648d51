"""Constants that more than one module needs."""

from typing import Final

DOMAIN: Final = "limber"

# Data of a config entry.
CONF_BASE_TOPIC: Final = "base_topic"
CONF_BRIDGE: Final = "bridge"
CONF_INSTANCE: Final = "instance"
"""`Info.instance` of the bridge that the entry follows; missing if the bridge has none."""
CONF_APP: Final = "app"
"""Slug of the app in which the bridge runs; missing if the Supervisor has not announced one."""
DEFAULT_BASE_TOPIC: Final = "limber"

# Options of a config entry.
CONF_RESTLESS_ABOVE: Final = "restless_above"
DEFAULT_RESTLESS_PLM_INDEX: Final = 15.0
"""Periodic movements per hour in bed. A higher index is one criterion of periodic limb movement
disorder in adults (ICSD-3; see PMC8662505); 18 % of healthy sleepers exceed it (Frauscher 2014)."""
CONF_BATTERY_BELOW: Final = "battery_below"
DEFAULT_BATTERY_PERCENT: Final = 15
"""Chosen: enough for one more night with most sensors."""

CONF_BED_SENSORS: Final = "bed_sensors"
"""By sleeper: the binary_sensor that is on while the sleeper is in bed."""

BED_COMMAND: Final = "bed"
"""Command with which the state of an in-bed sensor is sent: docs/protocol.md#5-requests."""

CONF_RELAYED: Final = "relayed_sensors"
"""By sensor id: the Bluetooth address of the sensor that Home Assistant connects to."""
RELAY_COMMAND: Final = "relay"
"""Command with which notifications of a Bluetooth sensor are sent: docs/protocol.md#5-requests."""

FACTORS: Final = (
    "stretching",
    "magnesium",
    "alcohol",
    "caffeine",
    "exercise",
    "warm_bath",
    "water",
    "medicine",
    "other",
)
"""What can be logged: docs/protocol.md#5-requests."""

DIARY_COMMAND: Final = "diary"
START_TRIAL_COMMAND: Final = "start_trial"
STOP_TRIAL_COMMAND: Final = "stop_trial"
ANSWER_TRIAL_COMMAND: Final = "answer_trial"
REPORT_COMMAND: Final = "report"

TRIAL_OUTCOMES: Final = (
    "plm_index",
    "movement_index",
    "cramp",
    "sleep_h",
    "evening_symptoms",
    "sleep_quality",
)
"""What a personal trial can compare: docs/protocol.md#5-requests."""
TRIAL_VERDICTS: Final = ("lower", "higher", "no_difference", "too_few")
"""What a personal trial can show."""
