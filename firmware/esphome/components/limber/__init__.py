"""A sensor of Limber: samples of a chip, sent in signed frames to the bridge."""

import esphome.codegen as cg
import esphome.config_validation as cv
import esphome.final_validate as fv
from esphome import pins
from esphome.components import i2c, motion, sensor, socket
from esphome.components.const import CONF_HOST
from esphome.components.voltage_sampler import VoltageSampler
from esphome.const import (
    CONF_GAIN,
    CONF_ID,
    CONF_INPUT,
    CONF_KEY,
    CONF_OFFSET,
    CONF_PORT,
    CONF_PROTOCOL,
    CONF_RANGE,
    CONF_RATE,
    CONF_TYPE,
    CONF_UPDATE_INTERVAL,
    PLATFORM_ESP32,
    PLATFORM_HOST,
    PLATFORM_NRF52,
)
from esphome.core import CORE
from esphome.cpp_generator import MockObj, MockObjClass
from esphome.types import ConfigType

CODEOWNERS = ["@limber-home"]
MULTI_CONF = True


def AUTO_LOAD() -> list[str]:
    """Load what the inputs and links include; nRF52 has no network."""
    common = ["sensor", "voltage_sampler"]
    return common if CORE.is_nrf52 else [*common, "network", "socket"]


CONF_BATTERY = "battery"
CONF_BUFFER = "buffer"
CONF_CLK_PIN = "clk_pin"
CONF_COUNTS_PER_KG = "counts_per_kg"
CONF_DOUT_PIN = "dout_pin"
CONF_FINE = "fine"
CONF_LIMBER_ID = "limber_id"
CONF_LINK_ID = "link_id"
CONF_MOTION_ID = "motion_id"
CONF_SAMPLER = "sampler"
CONF_SENSOR_ID = "sensor_id"
CONF_ZERO = "zero"

PROTOCOL_BLE_NUS = "ble_nus"
PROTOCOL_TCP = "tcp"
PROTOCOL_UDP = "udp"

DEFAULT_PORT = 47800
MIN_KEY_CHARACTERS = 16
MIN_MOTION_INTERVAL_MS = 10
MAX_MOTION_INTERVAL_MS = 40

limber_ns = cg.esphome_ns.namespace("limber")
LimberComponent = limber_ns.class_("LimberComponent", cg.Component)
Input = limber_ns.class_("Input")
FrameLink = limber_ns.class_("FrameLink")
UdpLink = limber_ns.class_("UdpLink", FrameLink)
TcpLink = limber_ns.class_("TcpLink", FrameLink)
BleLink = limber_ns.class_("BleLink", FrameLink)
Lsm6ds3Input = limber_ns.class_("Lsm6ds3Input", Input, i2c.I2CDevice)
Mpu6xxxInput = limber_ns.class_("Mpu6xxxInput", Input, i2c.I2CDevice)
MotionInput = limber_ns.class_("MotionInput", Input)
AdcInput = limber_ns.class_("AdcInput", Input)
Hx711Input = limber_ns.class_("Hx711Input", Input)

LINKS = {PROTOCOL_UDP: UdpLink, PROTOCOL_TCP: TcpLink, PROTOCOL_BLE_NUS: BleLink}

ACCELERATION_SCHEMA = cv.Schema({cv.Optional(CONF_FINE, default=False): cv.boolean})


def fifo_schema(
    class_: MockObjClass, address: int, rates: tuple[float, ...], default_rate: float
) -> cv.Schema:
    """Return the schema of an accelerometer with a FIFO."""
    return ACCELERATION_SCHEMA.extend(
        {
            cv.GenerateID(): cv.declare_id(class_),
            cv.Optional(CONF_RATE, default=default_rate): cv.All(
                cv.frequency, cv.one_of(*rates, float=True)
            ),
            cv.Optional(CONF_RANGE, default="4g"): cv.enum(
                {"2g": 2, "4g": 4, "8g": 8, "16g": 16}, lower=True
            ),
        }
    ).extend(i2c.i2c_device_schema(address))


INPUT_SCHEMA = cv.typed_schema(
    {
        "lsm6ds3": fifo_schema(Lsm6ds3Input, 0x6A, (26.0, 52.0, 104.0), 52.0),
        "mpu6xxx": fifo_schema(Mpu6xxxInput, 0x68, (25.0, 50.0, 100.0), 50.0),
        "motion": ACCELERATION_SCHEMA.extend(
            {
                cv.GenerateID(): cv.declare_id(MotionInput),
                cv.GenerateID(CONF_MOTION_ID): cv.use_id(motion.MotionComponent),
            }
        ),
        "adc": cv.Schema(
            {
                cv.GenerateID(): cv.declare_id(AdcInput),
                cv.Required(CONF_SAMPLER): cv.use_id(VoltageSampler),
                cv.Optional(CONF_RATE, default=250.0): cv.All(
                    cv.frequency, cv.float_range(min=100, max=500)
                ),
                cv.Optional(CONF_GAIN, default=200.0): cv.float_range(min=1, max=100000),
                cv.Optional(CONF_OFFSET, default="1.65V"): cv.voltage,
            }
        ),
        "hx711": cv.Schema(
            {
                cv.GenerateID(): cv.declare_id(Hx711Input),
                cv.Required(CONF_DOUT_PIN): pins.gpio_input_pin_schema,
                cv.Required(CONF_CLK_PIN): pins.gpio_output_pin_schema,
                cv.Optional(CONF_RATE, default=10.0): cv.All(
                    cv.frequency, cv.one_of(10.0, 80.0, float=True)
                ),
                cv.Required(CONF_ZERO): cv.int_range(min=-(2**23), max=2**23 - 1),
                cv.Required(CONF_COUNTS_PER_KG): cv.All(
                    cv.float_, cv.Any(cv.float_range(min=1), cv.float_range(max=-1))
                ),
            }
        ),
    },
    lower=True,
)


def validate_key(value: object) -> str:
    """Validate the key that signs the frames, the same as `key` in limber.yaml; empty for none."""
    value = cv.string_strict(value)
    if 0 < len(value) < MIN_KEY_CHARACTERS:
        raise cv.Invalid(
            f"The key needs {MIN_KEY_CHARACTERS} random characters or more, "
            "the same as in limber.yaml"
        )
    return value


def validate_target(config: ConfigType) -> ConfigType:
    """Validate `host` against the protocol, and list the sockets."""
    protocol = config[CONF_PROTOCOL]
    if protocol == PROTOCOL_BLE_NUS:
        if not CORE.is_nrf52:
            raise cv.Invalid("ble_nus works on nRF52 only; use tcp or udp", [CONF_PROTOCOL])
        if CONF_HOST in config or CONF_PORT in config:
            raise cv.Invalid(
                "The bridge connects to the sensor over Bluetooth: remove `host` and `port`",
                [CONF_HOST],
            )
        return config
    if CONF_HOST not in config:
        raise cv.Invalid("The address of the machine that runs the bridge is missing", [CONF_HOST])
    config.setdefault(CONF_PORT, DEFAULT_PORT)
    kind = socket.SocketType.TCP if protocol == PROTOCOL_TCP else socket.SocketType.UDP
    return socket.consume_sockets(1, "limber", kind)(config)


def link_id(config: ConfigType) -> ConfigType:
    """Declare the id of the link with the class of the protocol."""
    config = config.copy()
    config[CONF_LINK_ID] = cv.declare_id(LINKS[config[CONF_PROTOCOL]])(config.get(CONF_LINK_ID))
    return config


CONFIG_SCHEMA = cv.All(
    cv.Schema(
        {
            cv.GenerateID(): cv.declare_id(LimberComponent),
            cv.Required(CONF_SENSOR_ID): cv.int_range(min=0, max=2**32 - 1),
            cv.Optional(CONF_HOST): socket.ipv4_host,
            cv.Optional(CONF_PORT): cv.port,
            cv.Optional(CONF_PROTOCOL, default=PROTOCOL_TCP): cv.one_of(*LINKS, lower=True),
            cv.Optional(CONF_KEY): validate_key,
            cv.Optional(CONF_BUFFER, default="60s"): cv.All(
                cv.positive_time_period_seconds,
                cv.Range(min=cv.TimePeriod(seconds=10), max=cv.TimePeriod(seconds=600)),
            ),
            cv.Optional(CONF_BATTERY): cv.use_id(sensor.Sensor),
            cv.Required(CONF_INPUT): INPUT_SCHEMA,
        }
    ).extend(cv.COMPONENT_SCHEMA),
    cv.only_on([PLATFORM_ESP32, PLATFORM_NRF52, PLATFORM_HOST]),
    validate_target,
    link_id,
)


def validate_motion(config: ConfigType) -> None:
    """Check that the motion component is polled often enough and measures acceleration."""
    motion_id = config[CONF_INPUT][CONF_MOTION_ID]
    motion.check_has_accelerometer(motion_id, "limber", [CONF_INPUT, CONF_MOTION_ID])
    interval = motion.get_motion_config(motion_id)[CONF_UPDATE_INTERVAL].total_milliseconds
    if not MIN_MOTION_INTERVAL_MS <= interval <= MAX_MOTION_INTERVAL_MS:
        raise cv.Invalid(
            "The motion component must be polled 25 to 100 times a second: "
            f"set its `update_interval` to 20ms (it is {interval} ms)",
            [CONF_INPUT, CONF_MOTION_ID],
        )


def validate_ble_nus() -> None:
    """Check that the Nordic UART Service is there, and not used for the log."""
    options = fv.full_config.get().get(PROTOCOL_BLE_NUS)
    if options is None or options[CONF_TYPE] != "uart":
        raise cv.Invalid(
            "The protocol ble_nus needs the component: add `ble_nus: {type: uart}`", [CONF_PROTOCOL]
        )


def final_validate(config: ConfigType) -> ConfigType:
    """Check what depends on other components."""
    if config[CONF_PROTOCOL] == PROTOCOL_BLE_NUS:
        validate_ble_nus()
    kind = config[CONF_INPUT][CONF_TYPE]
    if kind == "motion":
        validate_motion(config)
    if kind == "adc" and not (CORE.is_esp32 or CORE.is_host):
        raise cv.Invalid(
            "EMG needs a hardware timer, which this component supports on ESP32 only",
            [CONF_INPUT, CONF_TYPE],
        )
    return config


FINAL_VALIDATE_SCHEMA = final_validate


async def fifo_to_code(config: ConfigType) -> MockObj:
    """Return an accelerometer with a FIFO."""
    var = cg.new_Pvariable(config[CONF_ID])
    cg.add_define("USE_LIMBER_FIFO")
    await i2c.register_i2c_device(var, config)
    cg.add(var.set_range(config[CONF_RANGE]))
    cg.add(var.set_rate(config[CONF_RATE]))
    cg.add(var.set_fine(config[CONF_FINE]))
    return var


async def motion_to_code(config: ConfigType) -> MockObj:
    """Return an accelerometer of a motion component."""
    var = cg.new_Pvariable(config[CONF_ID], await cg.get_variable(config[CONF_MOTION_ID]))
    cg.add(var.set_fine(config[CONF_FINE]))
    return var


async def adc_to_code(config: ConfigType) -> MockObj:
    """Return an EMG amplifier at an analogue input."""
    var = cg.new_Pvariable(config[CONF_ID], await cg.get_variable(config[CONF_SAMPLER]))
    cg.add(var.set_rate(config[CONF_RATE]))
    cg.add(var.set_gain(config[CONF_GAIN]))
    cg.add(var.set_offset(config[CONF_OFFSET]))
    return var


async def hx711_to_code(config: ConfigType) -> MockObj:
    """Return load cells at an HX711."""
    var = cg.new_Pvariable(config[CONF_ID])
    cg.add(var.set_dout_pin(await cg.gpio_pin_expression(config[CONF_DOUT_PIN])))
    cg.add(var.set_clk_pin(await cg.gpio_pin_expression(config[CONF_CLK_PIN])))
    cg.add(var.set_rate(config[CONF_RATE]))
    cg.add(var.set_zero(config[CONF_ZERO]))
    cg.add(var.set_counts_per_kg(config[CONF_COUNTS_PER_KG]))
    return var


INPUT_TO_CODE = {
    "lsm6ds3": fifo_to_code,
    "mpu6xxx": fifo_to_code,
    "motion": motion_to_code,
    "adc": adc_to_code,
    "hx711": hx711_to_code,
}


async def link_to_code(config: ConfigType) -> MockObj:
    """Return the link to the bridge."""
    protocol = config[CONF_PROTOCOL]
    var = cg.new_Pvariable(config[CONF_LINK_ID])
    if protocol == PROTOCOL_BLE_NUS:
        cg.add_define("USE_LIMBER_BLE")
        return var
    cg.add_define(f"USE_LIMBER_{protocol.upper()}")
    if protocol == PROTOCOL_TCP:
        socket.require_tcp_client_link()
    else:
        socket.require_ipv4_resolve()
    cg.add(var.set_target(config[CONF_HOST], config[CONF_PORT]))
    return var


async def to_code(config: ConfigType) -> None:
    """Generate the C++ of one sensor."""
    var = cg.new_Pvariable(config[CONF_ID])
    await cg.register_component(var, config)
    cg.add(var.set_sensor_id(config[CONF_SENSOR_ID]))
    if CONF_KEY in config:
        cg.add(var.set_key(config[CONF_KEY]))
    cg.add(var.set_buffer(config[CONF_BUFFER].total_seconds))
    if CONF_BATTERY in config:
        cg.add(var.set_battery(await cg.get_variable(config[CONF_BATTERY])))
    cg.add(var.set_link(await link_to_code(config)))
    kind = config[CONF_INPUT][CONF_TYPE]
    cg.add_define(f"USE_LIMBER_{kind.upper()}")
    cg.add(var.set_input(await INPUT_TO_CODE[kind](config[CONF_INPUT])))
