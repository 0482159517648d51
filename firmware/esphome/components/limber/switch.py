"""A switch that stops measuring, for example during the day."""

import esphome.codegen as cg
import esphome.config_validation as cv
from esphome.components import switch
from esphome.types import ConfigType

from . import CONF_LIMBER_ID, LimberComponent, limber_ns

DEPENDENCIES = ["limber"]

CONF_MEASURE = "measure"

MeasureSwitch = limber_ns.class_("MeasureSwitch", switch.Switch, cg.Component)

CONFIG_SCHEMA = cv.Schema(
    {
        cv.GenerateID(CONF_LIMBER_ID): cv.use_id(LimberComponent),
        cv.Required(CONF_MEASURE): switch.switch_schema(
            MeasureSwitch,
            icon="mdi:record-rec",
            default_restore_mode="RESTORE_DEFAULT_ON",
        ).extend(cv.COMPONENT_SCHEMA),
    }
)


async def to_code(config: ConfigType) -> None:
    """Generate the C++ of the switch."""
    var = await switch.new_switch(config[CONF_MEASURE])
    await cg.register_component(var, config[CONF_MEASURE])
    await cg.register_parented(var, config[CONF_LIMBER_ID])
