"""A button that blinks a light-emitting diode, to find out which device is which."""

import esphome.codegen as cg
import esphome.config_validation as cv
from esphome.components import button, output
from esphome.const import CONF_OUTPUT, DEVICE_CLASS_IDENTIFY, ENTITY_CATEGORY_CONFIG
from esphome.types import ConfigType

from . import limber_ns

DEPENDENCIES = ["limber", "output"]

CONF_IDENTIFY = "identify"

IdentifyButton = limber_ns.class_("IdentifyButton", button.Button, cg.Component)

CONFIG_SCHEMA = cv.Schema(
    {
        cv.Required(CONF_IDENTIFY): button.button_schema(
            IdentifyButton,
            device_class=DEVICE_CLASS_IDENTIFY,
            entity_category=ENTITY_CATEGORY_CONFIG,
        )
        .extend({cv.Required(CONF_OUTPUT): cv.use_id(output.BinaryOutput)})
        .extend(cv.COMPONENT_SCHEMA),
    }
)


async def to_code(config: ConfigType) -> None:
    """Generate the C++ of the button."""
    cg.add_define("USE_LIMBER_IDENTIFY")
    var = await button.new_button(config[CONF_IDENTIFY])
    await cg.register_component(var, config[CONF_IDENTIFY])
    cg.add(var.set_output(await cg.get_variable(config[CONF_IDENTIFY][CONF_OUTPUT])))
