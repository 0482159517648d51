"""Finding a bridge: by MQTT discovery, or by hand with a look at what the broker holds."""

import asyncio
from typing import Any, Final, override

import voluptuous as vol
from homeassistant.components import mqtt
from homeassistant.components.mqtt.models import ReceiveMessage
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlow,
    OptionsFlowWithReload,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import (
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
    CONF_BASE,
    CONF_BATTERY,
    CONF_BRIDGE,
    CONF_RESTLESS,
    DEFAULT_BASE,
    DEFAULT_BATTERY,
    DEFAULT_RESTLESS,
    DOMAIN,
)
from .coordinator import version_key
from .wire import Info, MalformedMessageError, OtherVersionError, parse_info

PATIENCE: Final = 5.0
"""s for retained messages to arrive."""


async def async_probe(hass: HomeAssistant, base: str) -> dict[str, Info | OtherVersionError]:
    """Return the bridges that have retained what they are below a base topic, by their id.

    Bridges retain it, so the first comes with the subscription; others may follow within half a
    second.
    """
    found: dict[str, Info | OtherVersionError] = {}
    first = asyncio.Event()

    @callback
    def heard(message: ReceiveMessage) -> None:
        bridge = message.topic.removeprefix(f"{base}/").removesuffix("/info")
        try:
            found[bridge] = parse_info(str(message.payload))
        except OtherVersionError as error:
            found[bridge] = error
        except MalformedMessageError:
            return
        first.set()

    unsubscribe = await mqtt.async_subscribe(hass, f"{base}/+/info", heard, 1)
    try:
        async with asyncio.timeout(PATIENCE):
            await first.wait()
        await asyncio.sleep(0.5)
    except TimeoutError:
        pass
    finally:
        unsubscribe()
    return found


async def async_is_online(hass: HomeAssistant, base: str, bridge: str) -> bool:
    """Return whether a bridge says below a base topic that it is there; it retains that, too."""
    told: asyncio.Future[bool] = hass.loop.create_future()

    @callback
    def heard(message: ReceiveMessage) -> None:
        if not told.done():
            told.set_result(message.payload == "online")

    unsubscribe = await mqtt.async_subscribe(hass, f"{base}/{bridge}/status", heard, 1)
    try:
        async with asyncio.timeout(PATIENCE):
            return await told
    except TimeoutError:
        return False
    finally:
        unsubscribe()


class LimberConfigFlow(ConfigFlow, domain=DOMAIN):
    """Sets up one bridge."""

    VERSION = 1

    def __init__(self) -> None:
        """Begin with nothing found."""
        self._base = DEFAULT_BASE
        self._found: dict[str, Info] = {}

    @override
    async def async_step_mqtt(self, discovery_info: MqttServiceInfo) -> ConfigFlowResult:
        """Take what a bridge has retained on its info topic."""
        self._base, bridge, _ = discovery_info.topic.rsplit("/", 2)
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
        self._abort_if_unique_id_configured(updates=await self._followed(entry))
        self._found = {bridge: info}
        self.context["title_placeholders"] = {"name": info.name}
        return await self.async_step_discovery_confirm()

    async def _followed(self, entry: ConfigEntry | None) -> dict[str, str]:
        """Return the new base topic of a bridge that has moved.

        One that is heard where it is has not: somebody else may have its name. Nor has one that
        only was here once.
        """
        if entry is None or (
            entry.state is ConfigEntryState.LOADED and entry.runtime_data.data.online
        ):
            return {}
        return (
            {CONF_BASE: self._base}
            if await async_is_online(self.hass, self._base, entry.data[CONF_BRIDGE])
            else {}
        )

    async def async_step_discovery_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether the bridge that was found is wanted."""
        ((bridge, info),) = self._found.items()
        if user_input is not None:
            return self._create(bridge)
        self._set_confirm_only()
        return self.async_show_form(
            step_id="discovery_confirm",
            description_placeholders={"name": info.name, "sleepers": names(info)},
        )

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return what changes the options."""
        return LimberOptionsFlow()

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Follow a bridge to another base topic."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            self._base = user_input[CONF_BASE].strip("/")
            errors = await self._look() or (
                {} if entry.unique_id in self._found else {"base": "other_bridge"}
            )
            if not errors:
                return self.async_update_reload_and_abort(
                    entry, data_updates={CONF_BASE: self._base}
                )
        base = entry.data[CONF_BASE] if user_input is None else self._base
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=vol.Schema({vol.Required(CONF_BASE, default=base): TextSelector()}),  # type: ignore[arg-type] # alias
            errors=errors,
            description_placeholders={"bridge": entry.title},
        )

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Look for bridges below a base topic."""
        if not self.hass.config_entries.async_entries(
            "mqtt"
        ) or not await mqtt.async_wait_for_mqtt_client(self.hass):
            return self.async_abort(reason="no_mqtt")
        errors: dict[str, str] = {}
        if user_input is not None:
            self._base = user_input[CONF_BASE].strip("/")
            errors = await self._look()
            if not errors:
                return await self.async_step_bridge()
        schema = vol.Schema({vol.Required(CONF_BASE, default=self._base): TextSelector()})
        return self.async_show_form(step_id="user", data_schema=schema, errors=errors)  # type: ignore[arg-type] # alias

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
        # A discovered flow for it may be waiting; this one is what the person is looking at.
        await self.async_set_unique_id(bridge, raise_on_progress=False)
        self._abort_if_unique_id_configured(updates={CONF_BASE: self._base})
        return self._create(bridge)

    async def _look(self) -> dict[str, str]:
        """Look for bridges; return what to show beside the base topic where there are none."""
        try:
            mqtt.valid_publish_topic(f"{self._base}/x")
        except vol.Invalid:
            return {CONF_BASE: "invalid_topic"}
        found = await async_probe(self.hass, self._base)
        self._found = {bridge: info for bridge, info in found.items() if isinstance(info, Info)}
        if self._found:
            return {}
        others = [
            version_key(error) for error in found.values() if isinstance(error, OtherVersionError)
        ]
        return {"base": others[0] if others else "no_bridge"}

    def _create(self, bridge: str) -> ConfigFlowResult:
        data = {CONF_BRIDGE: bridge, CONF_BASE: self._base}
        return self.async_create_entry(title=self._found[bridge].name, data=data)


class LimberOptionsFlow(OptionsFlowWithReload):
    """Changes what is a matter of taste."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the limits."""
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        limits = vol.Schema(
            {
                vol.Required(CONF_RESTLESS, default=DEFAULT_RESTLESS): number(1, 200, "/h"),
                vol.Required(CONF_BATTERY, default=DEFAULT_BATTERY): number(1, 50, "%"),
            }
        )
        schema = self.add_suggested_values_to_schema(limits, self.config_entry.options)  # type: ignore[arg-type] # alias
        return self.async_show_form(step_id="init", data_schema=schema)


def number(least: float, most: float, unit: str) -> NumberSelector:
    """Return a box for a number."""
    return NumberSelector(
        NumberSelectorConfig(
            min=least, max=most, step="any", mode=NumberSelectorMode.BOX, unit_of_measurement=unit
        )
    )


def names(info: Info) -> str:
    """Return who is watched."""
    return ", ".join(sleeper.name for sleeper in info.sleepers)
