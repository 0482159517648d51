"""An I2C bus with simulated chips, for firmware that is compiled for this machine."""

from collections.abc import Mapping
from typing import Any, Final

import esphome.codegen as cg
import esphome.config_validation as cv
from esphome.components import i2c
from esphome.const import CONF_ADDRESS, CONF_ID, CONF_MODEL

DEPENDENCIES = ["i2c"]
CONF_CHIPS: Final = "chips"
MODELS: Final = ("lsm6ds3", "lsm6ds3tr_c", "mpu6050", "mpu6886")

fake_chips_ns = cg.esphome_ns.namespace("fake_chips")
FakeBus = fake_chips_ns.class_("FakeBus", i2c.I2CBus, cg.Component)

CHIP_SCHEMA = cv.Schema(
    {
        # Which chip it is can be chosen at run time: the same program serves several tests.
        cv.Required(CONF_MODEL): cv.one_of(*MODELS, lower=True),
        cv.Required(CONF_ADDRESS): cv.i2c_address,
    }
)
CONFIG_SCHEMA = cv.Schema(
    {
        cv.GenerateID(): cv.declare_id(FakeBus),
        cv.Required(CONF_CHIPS): cv.ensure_list(CHIP_SCHEMA),
    }
).extend(cv.COMPONENT_SCHEMA)


async def to_code(config: Mapping[str, Any]) -> None:
    """Write the code that creates the bus and its chips."""
    bus = cg.new_Pvariable(config[CONF_ID])
    for chip in config[CONF_CHIPS]:
        cg.add(bus.add_chip(chip[CONF_ADDRESS], chip[CONF_MODEL]))
    await cg.register_component(bus, config)
