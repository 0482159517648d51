"""Sensors about the work of a Limber sensor."""

import esphome.codegen as cg
import esphome.config_validation as cv
from esphome.components import sensor
from esphome.const import (
    CONF_ID,
    CONF_RATE,
    DEVICE_CLASS_DURATION,
    ENTITY_CATEGORY_DIAGNOSTIC,
    STATE_CLASS_MEASUREMENT,
    STATE_CLASS_TOTAL_INCREASING,
    UNIT_HERTZ,
    UNIT_PERCENT,
    UNIT_SECOND,
)
from esphome.types import ConfigType

from . import CONF_BUFFER, CONF_LIMBER_ID, LimberComponent, limber_ns

DEPENDENCIES = ["limber"]

CONF_BACKLOG = "backlog"
CONF_LOST_SAMPLES = "lost_samples"

LimberStatistics = limber_ns.class_("LimberStatistics", cg.PollingComponent)

SENSORS = {
    CONF_RATE: sensor.sensor_schema(
        unit_of_measurement=UNIT_HERTZ,
        icon="mdi:sine-wave",
        accuracy_decimals=1,
        state_class=STATE_CLASS_MEASUREMENT,
        entity_category=ENTITY_CATEGORY_DIAGNOSTIC,
    ),
    CONF_LOST_SAMPLES: sensor.sensor_schema(
        icon="mdi:chart-line-variant",
        accuracy_decimals=0,
        state_class=STATE_CLASS_TOTAL_INCREASING,
        entity_category=ENTITY_CATEGORY_DIAGNOSTIC,
    ),
    CONF_BUFFER: sensor.sensor_schema(
        unit_of_measurement=UNIT_PERCENT,
        icon="mdi:tray-full",
        accuracy_decimals=0,
        state_class=STATE_CLASS_MEASUREMENT,
        entity_category=ENTITY_CATEGORY_DIAGNOSTIC,
    ),
    CONF_BACKLOG: sensor.sensor_schema(
        unit_of_measurement=UNIT_SECOND,
        accuracy_decimals=0,
        device_class=DEVICE_CLASS_DURATION,
        state_class=STATE_CLASS_MEASUREMENT,
        entity_category=ENTITY_CATEGORY_DIAGNOSTIC,
    ),
}

CONFIG_SCHEMA = cv.Schema(
    {
        cv.GenerateID(): cv.declare_id(LimberStatistics),
        cv.GenerateID(CONF_LIMBER_ID): cv.use_id(LimberComponent),
        **{cv.Optional(key): schema for key, schema in SENSORS.items()},
    }
).extend(cv.polling_component_schema("60s"))


async def to_code(config: ConfigType) -> None:
    """Generate the C++ of the sensors."""
    var = cg.new_Pvariable(config[CONF_ID])
    await cg.register_component(var, config)
    await cg.register_parented(var, config[CONF_LIMBER_ID])
    for key in SENSORS:
        if key in config:
            cg.add(getattr(var, f"set_{key}_sensor")(await sensor.new_sensor(config[key])))
