"""The two pins of a simulated HX711 with a load cell."""

from collections.abc import Mapping
from typing import Any, Final

import esphome.codegen as cg
import esphome.config_validation as cv
from esphome import pins
from esphome.const import CONF_ID, CONF_INPUT, CONF_INVERTED, CONF_MODE, CONF_NUMBER, CONF_OUTPUT

CONF_FAKE_HX711: Final = "fake_hx711"
PINS: Final = {"DOUT": False, "PD_SCK": True}
"""Whether the pin is the clock."""

fake_hx711_ns = cg.esphome_ns.namespace("fake_hx711")
FakeHx711 = fake_hx711_ns.class_("FakeHx711")
FakePin = fake_hx711_ns.class_("FakePin", cg.GPIOPin)

CONFIG_SCHEMA = cv.Schema({cv.GenerateID(): cv.declare_id(FakeHx711)})
PIN_SCHEMA = pins.gpio_base_schema(
    FakePin,
    cv.one_of(*PINS, upper=True),
    modes=[CONF_INPUT, CONF_OUTPUT],
).extend({cv.Required(CONF_FAKE_HX711): cv.use_id(FakeHx711)})


async def to_code(config: Mapping[str, Any]) -> None:
    """Write the code that creates the chip."""
    cg.new_Pvariable(config[CONF_ID])


@pins.PIN_SCHEMA_REGISTRY.register(CONF_FAKE_HX711, PIN_SCHEMA)
async def pin_to_code(config: Mapping[str, Any]) -> cg.MockObj:
    """Write the code that creates a pin of the chip, and return it."""
    pin = cg.new_Pvariable(config[CONF_ID])
    chip = await cg.get_variable(config[CONF_FAKE_HX711])
    cg.add(pin.connect(chip, PINS[config[CONF_NUMBER]]))
    cg.add(pin.set_inverted(config[CONF_INVERTED]))
    cg.add(pin.set_flags(pins.gpio_flags_expr(config[CONF_MODE])))
    return pin
