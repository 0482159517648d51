"""Config flow: find a bridge by discovery or by its base topic; options.

Discovery is by MQTT, by multicast DNS, and by the Supervisor if the bridge runs as an app.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, override

import voluptuous as vol
from homeassistant.components import mqtt
from homeassistant.config_entries import (
    DISCOVERY_SOURCES,
    SOURCE_IGNORE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlow,
    OptionsFlowWithReload,
)
from homeassistant.const import CONF_ADDRESS
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.data_entry_flow import AbortFlow, UnknownFlow
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
from homeassistant.helpers.service_info.hassio import HassioServiceInfo
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from . import refused_discoveries
from .announcement import Announcement, parse_announcement
from .bridge_search import (
    OFFERED_FOR,
    Move,
    async_find_bridges,
    async_is_alive,
    async_is_alive_in_place,
    async_judge_move,
    async_on_info_cleared,
    report_taken_id,
)
from .const import (
    CONF_APP,
    CONF_BASE_TOPIC,
    CONF_BATTERY_BELOW,
    CONF_BED_SENSORS,
    CONF_BRIDGE,
    CONF_INSTANCE,
    CONF_RELAYED,
    CONF_RESTLESS_ABOVE,
    DEFAULT_BASE_TOPIC,
    DEFAULT_BATTERY_PERCENT,
    DEFAULT_RESTLESS_PLM_INDEX,
    DOMAIN,
)
from .coordinator import LimberCoordinator
from .json_decoding import MalformedMessageError
from .limits import APP_SLUG, DETAIL_LENGTH, NAME_LENGTH, escape_markdown, plain_text
from .message_reader import version_key
from .wire import OtherVersionError, parse_info
from .wire_info import Info, Relay, Sleeper

BLUETOOTH_ADDRESS: Final = re.compile(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")
CONF_BED_SENSOR: Final = "bed_sensor"
"""Field of the form for the in-bed sensor of one sleeper."""


class LimberConfigFlow(ConfigFlow, domain=DOMAIN):
    """Sets up one bridge."""

    VERSION = 1

    def __init__(self) -> None:
        """Start with the default base topic."""
        self._base_topic = DEFAULT_BASE_TOPIC
        self._found: dict[str, Info] = {}
        self._app: str | None = None
        """Slug of the app in which the bridge runs."""
        self._announced: Announcement | None = None
        """What the bridge announced, unless it was found over MQTT."""
        self._moving: ConfigEntry
        """The entry of a bridge that may have moved."""
        self._moving_from: str
        """The base topic that this entry had when the search for the bridge began."""
        self._stop_watching: CALLBACK_TYPE | None = None
        """Ends the subscription to the `info` of the bridge that is offered."""

    @override
    async def async_step_mqtt(self, discovery_info: MqttServiceInfo) -> ConfigFlowResult:
        """Handle a bridge that was discovered by its retained `info`."""
        info = self._read_discovered(discovery_info)
        bridge = info.bridge
        self._found = {bridge: info}
        self.context["title_placeholders"] = {"name": info.name}
        entry = self.hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, bridge)
        if entry is None or not self._is_elsewhere(entry):
            await self.async_set_unique_id(bridge)
            self._abort_if_set_up()
            if not await async_is_alive(self.hass, self._base_topic, info, OFFERED_FOR):
                return self.async_abort(reason="bridge_offline")
            return await self.async_step_discovery_confirm()
        # A person may ignore this place of the bridge, but not the bridge.
        await self.async_set_unique_id(f"{self._base_topic}/{bridge}")
        self._abort_if_unique_id_configured()
        return await self._async_move(entry, info)

    def _read_discovered(self, discovery_info: MqttServiceInfo) -> Info:
        """Return the `info` of a discovered bridge; AbortFlow if it cannot be added."""
        topic = discovery_info.topic
        self._base_topic, bridge, _ = topic.rsplit("/", 2)
        refused_discoveries.async_delete_issues(self.hass, bridge)
        if not discovery_info.payload:
            # The bridge was removed; a flow that offers it ends by itself.
            raise AbortFlow("bridge_offline")
        try:
            info = parse_info(str(discovery_info.payload))
        except MalformedMessageError as error:
            raise self._malformed(bridge, topic, str(error)) from error
        except OtherVersionError as error:
            refused_discoveries.async_report_version(self.hass, bridge, error)
            raise self._other_version(bridge, topic, error) from error
        if info.bridge != bridge:
            raise self._malformed(bridge, topic, f"it describes the bridge {info.bridge}")
        refused_discoveries.async_accept(self.hass, topic)
        return info

    def _malformed(self, bridge: str, sender: str, reason: str) -> AbortFlow:
        refused_discoveries.async_log(self.hass, bridge, sender, reason)
        return AbortFlow("invalid_discovery_info")

    def _other_version(self, bridge: str, sender: str, error: OtherVersionError) -> AbortFlow:
        side = "bridge" if error.bridge_is_older else "Limber integration"
        refused_discoveries.async_log(self.hass, bridge, sender, f"{error}; update the {side}")
        return AbortFlow(version_key(error), {"bridge": plain_text(bridge, NAME_LENGTH)})

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Handle a bridge that announces itself by multicast DNS."""
        return await self._async_announced(discovery_info.name, discovery_info.properties)

    @override
    async def async_step_hassio(self, discovery_info: HassioServiceInfo) -> ConfigFlowResult:
        """Handle a bridge that runs as an app of Home Assistant."""
        if APP_SLUG.fullmatch(discovery_info.slug):
            self._app = discovery_info.slug
        return await self._async_announced(f"the app {discovery_info.slug}", discovery_info.config)

    async def _async_announced(self, sender: str, fields: Mapping[str, Any]) -> ConfigFlowResult:
        """Look for an announced bridge on the broker; an entry that exists stays as it is.

        `sender`: who announces it, for the log.
        """
        bridge = str(fields.get("bridge", "?"))
        try:
            announced = parse_announcement(fields)
        except MalformedMessageError as error:
            raise self._malformed(bridge, sender, str(error)) from error
        except OtherVersionError as error:
            raise self._other_version(bridge, sender, error) from error
        self._announced = announced
        # MQTT discovery uses the same id, so a bridge has one card, and is ignored for both.
        await self.async_set_unique_id(announced.bridge)
        self._abort_if_set_up()
        if not await self._has_mqtt():
            refused_discoveries.async_log(
                self.hass, bridge, sender, "MQTT is not set up; set it up first"
            )
            return self.async_abort(reason="no_mqtt")
        return await self._async_find_announced(sender, announced)

    @callback
    def _abort_if_set_up(self) -> None:
        """Abort if the bridge is set up; its entry learns in which app the bridge runs.

        Home Assistant ends a flow that shows a form when another flow sets up the same bridge, but
        not a flow that is still searching. Without this check, the new entry would be replaced.
        """
        self._abort_if_unique_id_configured(self._find_news(), reload_on_update=False)

    def _find_news(self) -> dict[str, Any] | None:
        """Return what an entry of the announced bridge learns: the app in which it runs."""
        announced = self._announced
        if self._app is None or announced is None or announced.instance is None:
            return None
        entry = self.hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, announced.bridge)
        if entry is None:
            return None
        followed = (entry.data.get(CONF_BASE_TOPIC), entry.data.get(CONF_INSTANCE))
        is_same = followed == (announced.base_topic, announced.instance)
        return {CONF_APP: self._app} if is_same else None

    async def _async_find_announced(self, sender: str, announced: Announcement) -> ConfigFlowResult:
        """Ask whether to add an announced bridge, if it is alive on this broker."""
        self._base_topic = announced.base_topic
        errors = await self._find_bridges()
        if CONF_BASE_TOPIC in errors:
            reason = "its base topic cannot be part of a topic"
            raise self._malformed(announced.bridge, sender, reason)
        info = self._found.get(announced.bridge)
        # On the broker of another home, or as one that was left behind, the id may be the same.
        if info is None or (announced.instance and announced.instance != info.instance):
            refused_discoveries.async_log(
                self.hass,
                announced.bridge,
                sender,
                f"the broker of Home Assistant does not have it under {announced.base_topic}; use "
                "the same broker for both",
            )
            return self.async_abort(
                reason="not_on_broker",
                description_placeholders={
                    "bridge": announced.bridge,
                    "base_topic": escape_markdown(announced.base_topic, DETAIL_LENGTH),
                },
            )
        refused_discoveries.async_accept(self.hass, sender)
        self._found = {announced.bridge: info}
        self.context["title_placeholders"] = {"name": info.name}
        if not await async_is_alive(self.hass, self._base_topic, info, OFFERED_FOR):
            return self.async_abort(reason="bridge_offline")
        return await self.async_step_discovery_confirm()

    async def _has_mqtt(self) -> bool:
        """Return whether the MQTT integration is set up and its client is ready."""
        has_entry = bool(self.hass.config_entries.async_entries("mqtt"))
        return has_entry and await mqtt.async_wait_for_mqtt_client(self.hass)

    def _is_elsewhere(self, entry: ConfigEntry) -> bool:
        """Return whether an entry, unless ignored, follows a bridge under another topic."""
        return entry.source != SOURCE_IGNORE and entry.data[CONF_BASE_TOPIC] != self._base_topic

    async def _async_move(self, entry: ConfigEntry, info: Info) -> ConfigFlowResult:
        """Follow a configured bridge to another base topic, or say why not."""
        self._start_move(entry)
        move = await async_judge_move(self.hass, entry, self._base_topic, info)
        self._abort_if_entry_changed()
        match move:
            case Move.FOLLOW:
                return self._async_follow(entry, info)
            case Move.ASK:
                return await self.async_step_confirm_move()
            case Move.TAKEN:
                report_taken_id(self.hass, entry, self._base_topic)
                return self.async_abort(
                    reason="bridge_id_taken", description_placeholders=self._topics(entry)
                )
            case Move.LEFTOVER:
                return self.async_abort(reason="already_configured")

    @callback
    def _start_move(self, entry: ConfigEntry) -> None:
        """Remember which entry is to follow its bridge, and from where."""
        self._moving = entry
        self._moving_from = entry.data[CONF_BASE_TOPIC]

    @callback
    def _abort_if_entry_changed(self) -> None:
        """Abort if the entry was removed or has followed its bridge since the search began."""
        entry = self._moving
        if self.hass.config_entries.async_get_entry(entry.entry_id) is None:
            raise AbortFlow("entry_removed")
        if entry.data[CONF_BASE_TOPIC] != self._moving_from:
            raise AbortFlow("already_configured")

    @callback
    def _end_other_moves(self, bridge: str) -> None:
        """End the other flows that ask whether a bridge has moved."""
        for flow in self._async_in_progress():
            # Of these flows only, the unique id has a base topic before the bridge.
            if str(flow["context"].get("unique_id")).endswith(f"/{bridge}"):
                self.hass.config_entries.flow.async_abort(flow["flow_id"])

    @callback
    def _async_follow(self, entry: ConfigEntry, info: Info) -> ConfigFlowResult:
        if self._is_elsewhere(entry):
            self._end_other_moves(info.bridge)
        updates = {CONF_BASE_TOPIC: self._base_topic, CONF_INSTANCE: info.instance}
        return self.async_update_reload_and_abort(
            entry, data_updates=updates, reason="reconfigure_successful"
        )

    async def async_step_confirm_move(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether a bridge that may be another one is to be followed."""
        entry = self._moving
        info = self._found[entry.data[CONF_BRIDGE]]
        is_back = False
        if user_input is None:
            await self._async_watch_info()
        else:
            # The form may have been open for days.
            is_back = await async_is_alive_in_place(self.hass, entry, info)
        self._abort_if_entry_changed()
        if is_back:
            return self.async_abort(reason="already_configured")
        if user_input is not None:
            return self._async_follow(entry, info)
        return self.async_show_form(
            step_id="confirm_move", description_placeholders=self._topics(entry)
        )

    def _topics(self, entry: ConfigEntry) -> dict[str, str]:
        """Return the placeholders of texts about a bridge in two places."""
        return {
            "bridge": entry.data[CONF_BRIDGE],
            "before": escape_markdown(entry.data[CONF_BASE_TOPIC], DETAIL_LENGTH),
            "now": escape_markdown(self._base_topic, DETAIL_LENGTH),
        }

    async def async_step_discovery_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether to add the discovered bridge."""
        ((bridge, info),) = self._found.items()
        if user_input is None:
            self._set_confirm_only()
            await self._async_watch_info()
        self._abort_if_set_up()
        if user_input is not None:
            return self._create_bridge_entry(bridge)
        return self.async_show_form(
            step_id="discovery_confirm",
            description_placeholders={
                "name": escape_markdown(info.name, NAME_LENGTH),
                "sleepers": escape_markdown(sleeper_names(info), DETAIL_LENGTH),
            },
        )

    async def _async_watch_info(self) -> None:
        """End this flow by itself when the bridge that it offers is removed."""
        if self.source not in DISCOVERY_SOURCES or self._stop_watching is not None:
            return
        (bridge,) = self._found
        self._stop_watching = await async_on_info_cleared(
            self.hass, self._base_topic, bridge, self._end
        )

    @callback
    def _end(self) -> None:
        # After a reload of MQTT, its client may call this although the flow has ended.
        with suppress(UnknownFlow):
            self.hass.config_entries.flow.async_abort(self.flow_id)

    @callback
    @override
    def async_remove(self) -> None:
        """Stop watching the bridge: the flow has ended."""
        if self._stop_watching is not None:
            self._stop_watching()

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
            self._start_move(entry)
            self._base_topic = user_input[CONF_BASE_TOPIC].strip("/")
            errors = await self._find_bridges()
            if not errors and entry.unique_id not in self._found:
                errors = {"base": "other_bridge"}
            if not errors:
                errors = await self._find_reason_to_stay(entry)
            self._abort_if_entry_changed()
            if not errors:
                return await self._async_reconfigure(entry)
        base_topic = entry.data[CONF_BASE_TOPIC] if user_input is None else self._base_topic
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=base_topic_schema(base_topic),
            errors=errors,
            description_placeholders={"bridge": plain_text(entry.title, NAME_LENGTH)},
        )

    async def _find_reason_to_stay(self, entry: ConfigEntry) -> dict[str, str]:
        """Return the errors of the form if the bridge is alive where the entry follows it."""
        info = self._found[entry.data[CONF_BRIDGE]]
        if self._is_elsewhere(entry) and await async_is_alive_in_place(self.hass, entry, info):
            return {"base": "still_in_place"}
        return {}

    async def _async_reconfigure(self, entry: ConfigEntry) -> ConfigFlowResult:
        """Follow the bridge to the new base topic; ask first if it may be another one."""
        info = self._found[entry.data[CONF_BRIDGE]]
        known = entry.data.get(CONF_INSTANCE)
        if not self._is_elsewhere(entry) or (known is not None and known == info.instance):
            return self._async_follow(entry, info)
        return await self.async_step_confirm_move()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the base topic and search for bridges."""
        if not await self._has_mqtt():
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
        entry = self.hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, bridge)
        if entry is not None and self._is_elsewhere(entry):
            return await self._async_move(entry, self._found[bridge])
        # A discovery flow for the same bridge may be waiting; the person is using this one.
        await self.async_set_unique_id(bridge, raise_on_progress=False)
        self._abort_if_set_up()
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
        self._end_other_moves(bridge)
        data = {CONF_BRIDGE: bridge, CONF_BASE_TOPIC: self._base_topic}
        instance = self._found[bridge].instance
        if instance is not None:
            data[CONF_INSTANCE] = instance
        if self._app is not None:
            data[CONF_APP] = self._app
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
            description_placeholders={"sleeper": plain_text(sleeper.name, NAME_LENGTH)},
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
                "sleeper": plain_text(sleeper.name, NAME_LENGTH),
                "sensor": str(sensor),
                "model": escape_markdown(relay.title, NAME_LENGTH),
                "instruction": escape_markdown(
                    f"{relay.instruction.removesuffix('.')}.", DETAIL_LENGTH
                ),
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
