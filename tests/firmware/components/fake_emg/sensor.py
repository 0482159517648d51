"""The analog input, which other components sample like core's `adc`."""

from collections.abc import Mapping
from typing import Any

import esphome.codegen as cg
import esphome.config_validation as cv
from esphome.components import sensor, voltage_sampler
from esphome.const import CONF_ID

AUTO_LOAD = ["voltage_sampler", "fake_chips"]

fake_emg_ns = cg.esphome_ns.namespace("fake_emg")
FakeEmg = fake_emg_ns.class_("FakeEmg", sensor.Sensor, cg.Component, voltage_sampler.VoltageSampler)
CONFIG_SCHEMA = sensor.sensor_schema(FakeEmg).extend(cv.COMPONENT_SCHEMA)


async def to_code(config: Mapping[str, Any]) -> None:
    """Write the code that creates the input."""
    created = cg.new_Pvariable(config[CONF_ID])
    await cg.register_component(created, config)
    await sensor.register_sensor(created, config)
