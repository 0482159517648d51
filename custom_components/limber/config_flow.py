"""Config flow: find a bridge by MQTT discovery or by its base topic; options."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, override

import voluptuous as vol
from homeassistant.components import mqtt
from homeassistant.components.mqtt.models import ReceiveMessage
from homeassistant.config_entries import (
    SOURCE_IGNORE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlow,
    OptionsFlowWithReload,
)
from homeassistant.const import CONF_ADDRESS
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
)
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo

from .const import (
    CONF_BASE_TOPIC,
    CONF_BATTERY_BELOW,
    CONF_BED_SENSORS,
    CONF_BRIDGE,
    CONF_RELAYED,
    CONF_RESTLESS_ABOVE,
    DEFAULT_BASE_TOPIC,
    DEFAULT_BATTERY_PERCENT,
    DEFAULT_RESTLESS_PLM_INDEX,
    DOMAIN,
)
from .coordinator import LimberCoordinator
from .message_reader import version_key
from .wire import Info, MalformedMessageError, OtherVersionError, Relay, Sleeper, parse_info

BLUETOOTH_ADDRESS: Final = re.compile(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")
CONF_BED_SENSOR: Final = "bed_sensor"
"""Field of the form for the in-bed sensor of one sleeper."""
SEARCH_TIMEOUT_S: Final = 5.0
"""How long to wait for the first retained message. Chosen: a broker sends it within a second."""
FURTHER_BRIDGES_S: Final = 0.5
"""How long to wait for further bridges after the first one."""


async def async_find_bridges(
    hass: HomeAssistant, base_topic: str
) -> dict[str, Info | OtherVersionError]:
    """Return the bridges under a base topic, by their id."""
    found: dict[str, Info | OtherVersionError] = {}
    first_found = asyncio.Event()

    @callback
    def handle_info(message: ReceiveMessage) -> None:
        bridge = message.topic.removeprefix(f"{base_topic}/").removesuffix("/info")
        try:
            found[bridge] = parse_info(str(message.payload))
        except OtherVersionError as error:
            found[bridge] = error
        except MalformedMessageError:
            return
        first_found.set()

    # `info` is retained, so the broker sends it on subscription.
    unsubscribe = await mqtt.async_subscribe(hass, f"{base_topic}/+/info", handle_info, 1)
    try:
        async with asyncio.timeout(SEARCH_TIMEOUT_S):
            await first_found.wait()
        await asyncio.sleep(FURTHER_BRIDGES_S)
    except TimeoutError:
        pass
    finally:
        unsubscribe()
    return found


async def async_is_online(hass: HomeAssistant, base_topic: str, bridge: str) -> bool:
    """Return whether a bridge is online under a base topic."""
    online: asyncio.Future[bool] = hass.loop.create_future()

    @callback
    def handle_status(message: ReceiveMessage) -> None:
        if not online.done():
            online.set_result(message.payload == "online")

    unsubscribe = await mqtt.async_subscribe(
        hass, f"{base_topic}/{bridge}/status", handle_status, 1
    )
    try:
        async with asyncio.timeout(SEARCH_TIMEOUT_S):
            return await online
    except TimeoutError:
        return False
    finally:
        unsubscribe()


class LimberConfigFlow(ConfigFlow, domain=DOMAIN):
    """Sets up one bridge."""

    VERSION = 1

    def __init__(self) -> None:
        """Start with the default base topic."""
        self._base_topic = DEFAULT_BASE_TOPIC
        self._found: dict[str, Info] = {}

    @override
    async def async_step_mqtt(self, discovery_info: MqttServiceInfo) -> ConfigFlowResult:
        """Handle a bridge that was discovered by its retained `info`."""
        self._base_topic, bridge, _ = discovery_info.topic.rsplit("/", 2)
        try:
            info = parse_info(str(discovery_info.payload))
        except MalformedMessageError:
            return self.async_abort(reason="invalid_discovery_info")
        except OtherVersionError as error:
            return self.async_abort(
                reason=version_key(error), description_placeholders={"bridge": bridge}
            )
        if info.bridge != bridge:
            return self.async_abort(reason="invalid_discovery_info")
        entry = await self.async_set_unique_id(bridge)
        self._abort_if_unique_id_configured(updates=await self._moved_to(entry))
        self._found = {bridge: info}
        self.context["title_placeholders"] = {"name": info.name}
        return await self.async_step_discovery_confirm()

    async def _moved_to(self, entry: ConfigEntry | None) -> dict[str, str]:
        """Return the new base topic of a configured bridge, if it has moved to it.

        A bridge that is online under its old topic has not moved: another one uses the same id. And
        a retained `info` alone may be left over from an earlier configuration.
        """
        if entry is None or entry.source == SOURCE_IGNORE:
            return {}
        if entry.state is ConfigEntryState.LOADED and entry.runtime_data.data.online:
            return {}
        if await async_is_online(self.hass, self._base_topic, entry.data[CONF_BRIDGE]):
            return {CONF_BASE_TOPIC: self._base_topic}
        return {}

    async def async_step_discovery_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether to add the discovered bridge."""
        ((bridge, info),) = self._found.items()
        if user_input is not None:
            return self._create_bridge_entry(bridge)
        self._set_confirm_only()
        return self.async_show_form(
            step_id="discovery_confirm",
            description_placeholders={"name": info.name, "sleepers": sleeper_names(info)},
        )

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the options flow."""
        return LimberOptionsFlow()

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the base topic of a bridge."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            self._base_topic = user_input[CONF_BASE_TOPIC].strip("/")
            errors = await self._find_bridges()
            if not errors and entry.unique_id not in self._found:
                errors = {"base": "other_bridge"}
            if not errors:
                return self.async_update_reload_and_abort(
                    entry, data_updates={CONF_BASE_TOPIC: self._base_topic}
                )
        base_topic = entry.data[CONF_BASE_TOPIC] if user_input is None else self._base_topic
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=base_topic_schema(base_topic),
            errors=errors,
            description_placeholders={"bridge": entry.title},
        )

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the base topic and search for bridges."""
        has_mqtt = bool(self.hass.config_entries.async_entries("mqtt"))
        if not has_mqtt or not await mqtt.async_wait_for_mqtt_client(self.hass):
            return self.async_abort(reason="no_mqtt")
        errors: dict[str, str] = {}
        if user_input is not None:
            self._base_topic = user_input[CONF_BASE_TOPIC].strip("/")
            errors = await self._find_bridges()
            if not errors:
                return await self.async_step_bridge()
        return self.async_show_form(
            step_id="user", data_schema=base_topic_schema(self._base_topic), errors=errors
        )

    async def async_step_bridge(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose one of several bridges."""
        if user_input is None and len(self._found) > 1:
            options = [
                SelectOptionDict(value=bridge, label=info.name)
                for bridge, info in self._found.items()
            ]
            schema = vol.Schema(
                {vol.Required(CONF_BRIDGE): SelectSelector(SelectSelectorConfig(options=options))}
            )
            return self.async_show_form(step_id="bridge", data_schema=schema)  # type: ignore[arg-type] # alias
        bridge = next(iter(self._found)) if user_input is None else user_input[CONF_BRIDGE]
        # A discovery flow for the same bridge may be waiting; the person is using this one.
        entry = await self.async_set_unique_id(bridge, raise_on_progress=False)
        self._abort_if_unique_id_configured(updates=await self._moved_to(entry))
        return self._create_bridge_entry(bridge)

    async def _find_bridges(self) -> dict[str, str]:
        """Search for bridges; return the errors of the form if there are none."""
        try:
            mqtt.valid_publish_topic(f"{self._base_topic}/x")
        except vol.Invalid:
            return {CONF_BASE_TOPIC: "invalid_topic"}
        found = await async_find_bridges(self.hass, self._base_topic)
        self._found = {bridge: info for bridge, info in found.items() if isinstance(info, Info)}
        if self._found:
            return {}
        other_versions = (
            version_key(error) for error in found.values() if isinstance(error, OtherVersionError)
        )
        return {"base": next(other_versions, "no_bridge")}

    def _create_bridge_entry(self, bridge: str) -> ConfigFlowResult:
        data = {CONF_BRIDGE: bridge, CONF_BASE_TOPIC: self._base_topic}
        return self.async_create_entry(title=self._found[bridge].name, data=data)


class LimberOptionsFlow(OptionsFlowWithReload):
    """Changes the limits of an entry, and chooses its in-bed sensors."""

    def __init__(self) -> None:
        """Start without answers."""
        self._bed_sensors: dict[str, str] = {}
        self._sleepers: list[Sleeper] = []
        self._relayed: dict[str, str] = {}
        self._relays: list[tuple[Sleeper, int, Relay]] = []

    async def async_step_init(self, _input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what to change."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return await self.async_step_limits()
        coordinator: LimberCoordinator = self.config_entry.runtime_data
        steps = ["limits", "bed_sensor"]
        if coordinator.relays():
            steps.append("bluetooth_sensor")
        return self.async_show_menu(step_id="init", menu_options=steps)

    async def async_step_limits(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the limits for restless nights and low batteries."""
        if user_input is not None:
            return self._save(user_input)
        limits = vol.Schema(
            {
                vol.Required(
                    CONF_RESTLESS_ABOVE, default=DEFAULT_RESTLESS_PLM_INDEX
                ): number_selector(1, 200, "/h"),
                vol.Required(CONF_BATTERY_BELOW, default=DEFAULT_BATTERY_PERCENT): number_selector(
                    1, 50, "%"
                ),
            }
        )
        schema = self.add_suggested_values_to_schema(limits, self.config_entry.options)  # type: ignore[arg-type] # alias
        return self.async_show_form(step_id="limits", data_schema=schema)

    async def async_step_bed_sensor(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the in-bed sensor of each sleeper, one after the other."""
        if user_input is None:
            coordinator: LimberCoordinator = self.config_entry.runtime_data
            self._sleepers = list(coordinator.data.sleepers)
            self._bed_sensors = dict(coordinator.bed_sensors)
        else:
            answered = self._sleepers.pop(0).id
            self._bed_sensors.pop(answered, None)
            if CONF_BED_SENSOR in user_input:
                self._bed_sensors[answered] = user_input[CONF_BED_SENSOR]
        if not self._sleepers:
            return self._save({CONF_BED_SENSORS: self._bed_sensors})
        sleeper = self._sleepers[0]
        chosen = {CONF_BED_SENSOR: self._bed_sensors.get(sleeper.id)}
        return self.async_show_form(
            step_id="bed_sensor",
            data_schema=self.add_suggested_values_to_schema(bed_sensor_schema(self.hass), chosen),
            description_placeholders={"sleeper": sleeper.name},
        )

    async def async_step_bluetooth_sensor(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the device of each Bluetooth sensor that is relayed, one after the other."""
        errors: dict[str, str] = {}
        if user_input is None:
            coordinator: LimberCoordinator = self.config_entry.runtime_data
            self._relays = coordinator.relays()
            self._relayed = dict(self.config_entry.options.get(CONF_RELAYED, {}))
        elif is_address(user_input.get(CONF_ADDRESS)):
            _, sensor, _ = self._relays.pop(0)
            self._relayed.pop(str(sensor), None)
            if CONF_ADDRESS in user_input:
                self._relayed[str(sensor)] = user_input[CONF_ADDRESS].upper()
        else:
            errors = {CONF_ADDRESS: "invalid_address"}
        if not self._relays:
            return self._save({CONF_RELAYED: self._relayed})
        sleeper, sensor, relay = self._relays[0]
        chosen = {CONF_ADDRESS: relay.address or self._relayed.get(str(sensor))}
        schema = bluetooth_schema(find_devices(self.hass, relay))
        return self.async_show_form(
            step_id="bluetooth_sensor",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or chosen),
            errors=errors,
            description_placeholders={
                "sleeper": sleeper.name,
                "sensor": str(sensor),
                "model": relay.title,
                "instruction": f"{relay.instruction.removesuffix('.')}.",
            },
        )

    def _save(self, changed: dict[str, Any]) -> ConfigFlowResult:
        """Store changed options beside the others."""
        return self.async_create_entry(data={**self.config_entry.options, **changed})


def base_topic_schema(default: str) -> Any:  # noqa: ANN401 - a schema
    """Return the form for a base topic."""
    return vol.Schema({vol.Required(CONF_BASE_TOPIC, default=default): TextSelector()})


def bed_sensor_schema(hass: HomeAssistant) -> Any:  # noqa: ANN401 - a schema
    """Return the form for an in-bed sensor: any binary sensor but those of Limber itself."""
    ours = [
        entity.entity_id
        for entity in er.async_get(hass).entities.values()
        if entity.platform == DOMAIN
    ]
    config = EntitySelectorConfig(domain="binary_sensor", exclude_entities=ours)
    return vol.Schema({vol.Optional(CONF_BED_SENSOR): EntitySelector(config)})


def find_devices(hass: HomeAssistant, relay: Relay) -> dict[str, str]:
    """Return the devices of a kind that can be connected to: names by address, nearest first."""
    if "bluetooth" not in hass.config.components:
        return {}
    from homeassistant.components import bluetooth  # noqa: PLC0415 - optional

    heard = sorted(
        bluetooth.async_discovered_service_info(hass, connectable=True),
        key=lambda device: device.rssi,
        reverse=True,
    )
    return {
        device.address: f"{device.name} ({device.address}, {device.rssi} dBm)"
        for device in heard
        if is_device(relay, device.name, device.service_uuids)
    }


def is_device(relay: Relay, name: str, service_uuids: Iterable[str]) -> bool:
    """Return whether what a device advertises fits to the sensor."""
    if relay.name is not None:
        return name == relay.name
    is_named = any(name.startswith(prefix) for prefix in relay.name_prefixes)
    return is_named or not set(relay.service_uuids).isdisjoint(service_uuids)


def is_address(text: str | None) -> bool:
    """Return whether a text is a Bluetooth address, or missing because no device is wanted."""
    return text is None or BLUETOOTH_ADDRESS.fullmatch(text) is not None


def bluetooth_schema(devices: Mapping[str, str]) -> Any:  # noqa: ANN401 - a schema
    """Return the form for a Bluetooth device; an address can be typed as well."""
    options = [SelectOptionDict(value=address, label=name) for address, name in devices.items()]
    selector = SelectSelector(SelectSelectorConfig(options=options, custom_value=True))
    return vol.Schema({vol.Optional(CONF_ADDRESS): selector})


def number_selector(minimum: float, maximum: float, unit: str) -> NumberSelector:
    """Return an input box for a number."""
    return NumberSelector(
        NumberSelectorConfig(
            min=minimum,
            max=maximum,
            step="any",
            mode=NumberSelectorMode.BOX,
            unit_of_measurement=unit,
        )
    )


def sleeper_names(info: Info) -> str:
    """Return the names of a bridge's sleepers."""
    return ", ".join(sleeper.name for sleeper in info.sleepers)
