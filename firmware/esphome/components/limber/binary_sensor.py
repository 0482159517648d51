"""Binary sensors: whether the bridge is connected, and whether the chip measures."""

import esphome.codegen as cg
import esphome.config_validation as cv
from esphome.components import binary_sensor
from esphome.const import (
    CONF_INPUT,
    DEVICE_CLASS_CONNECTIVITY,
    DEVICE_CLASS_RUNNING,
    ENTITY_CATEGORY_DIAGNOSTIC,
)
from esphome.types import ConfigType

from . import CONF_LIMBER_ID, LimberComponent

DEPENDENCIES = ["limber"]

CONF_LINK = "link"

CONFIG_SCHEMA = cv.Schema(
    {
        cv.GenerateID(CONF_LIMBER_ID): cv.use_id(LimberComponent),
        cv.Optional(CONF_LINK): binary_sensor.binary_sensor_schema(
            device_class=DEVICE_CLASS_CONNECTIVITY,
            entity_category=ENTITY_CATEGORY_DIAGNOSTIC,
        ),
        cv.Optional(CONF_INPUT): binary_sensor.binary_sensor_schema(
            device_class=DEVICE_CLASS_RUNNING,
            entity_category=ENTITY_CATEGORY_DIAGNOSTIC,
        ),
    }
)


async def to_code(config: ConfigType) -> None:
    """Generate the C++ of the binary sensors."""
    parent = await cg.get_variable(config[CONF_LIMBER_ID])
    if CONF_LINK in config:
        link = await binary_sensor.new_binary_sensor(config[CONF_LINK])
        cg.add(parent.set_link_binary_sensor(link))
    if CONF_INPUT in config:
        running = await binary_sensor.new_binary_sensor(config[CONF_INPUT])
        cg.add(parent.set_input_binary_sensor(running))
