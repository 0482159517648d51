"""Sends the messages of automations to phones and other recipients.

A phone is found by its device, never by its name alone: two phones may have the same one. A message
that reached no one raises a repair with its text.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import slugify

from .const import DOMAIN
from .limits import DETAIL_LENGTH, NAME_LENGTH, escape_markdown, plain_text

_LOGGER: Final = logging.getLogger(__name__)

APP: Final = "mobile_app"
NOTIFY: Final = "notify"
CLEAR: Final = "clear_notification"
"""Text with which the app removes the message with the same tag."""
UNDELIVERED: Final = "message_undelivered"
SHARED_NAME: Final = "phones_share_name"
MESSAGE_ISSUES: Final = (UNDELIVERED, SHARED_NAME)
"""Translation keys of the repairs of this module."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button of a message."""

    action: str
    """Comes back in the event `mobile_app_notification_action`."""
    title: str
    placeholder: str | None = None
    """Hint in the field for a text, which comes back as `reply_text`; None: there is no field."""

    def as_json(self) -> dict[str, str]:
        """Return the button as the Home Assistant app takes it.

        companion.home-assistant.io/docs/notifications/actionable-notifications: `behavior` asks for
        a text on both systems; the title and the hint of its field are shown on iOS only.
        """
        shown = {"action": self.action, "title": self.title}
        if self.placeholder is None:
            return shown
        field = {"textInputButtonTitle": self.title, "textInputPlaceholder": self.placeholder}
        return shown | {"behavior": "textInput"} | field


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message of an automation."""

    text: str
    title: str | None = None
    tag: str | None = None
    """A later message with the same tag replaces this one."""
    buttons: Sequence[Button] = ()
    """Only phones show them."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone with the Home Assistant app."""

    device: str
    """Device id."""
    name: str
    action: str
    """Notify action of the app, which takes data such as buttons."""
    shares_name: bool
    """Another phone has the same notify action, so it may lead to that one."""


class UnreachableError(Exception):
    """A message cannot be sent to a recipient; says why, for the log."""


def find_phone(hass: HomeAssistant, device_id: str) -> Phone:
    """Return the phone of a device; raise UnreachableError if there is none."""
    device = dr.async_get(hass).async_get(device_id)
    entry = None if device is None else hass.config_entries.async_get_entry(device.config_entry_id)
    if device is None or entry is None or entry.domain != APP:
        raise UnreachableError("no device with the Home Assistant app has this id")
    action = app_action(entry)
    others = (one for one in hass.config_entries.async_entries(APP) if one is not entry)
    return Phone(
        device=device.id,
        name=device.name_by_user or device.name or entry.title,
        action=action,
        shares_name=any(app_action(one) == action for one in others),
    )


def app_action(entry: ConfigEntry) -> str:
    """Return the name of the notify action of a phone, as the app's integration forms it."""
    return slugify(f"{APP}_{entry.data.get('device_name', entry.title)}")


async def async_send_to_phone(hass: HomeAssistant, phone: Phone, message: Message) -> None:
    """Send a message to a phone; raise UnreachableError if it cannot be sent."""
    if phone.shares_name:
        # Only the notify entity belongs to one phone for sure, but it takes no buttons.
        await async_send_to_entity(hass, notify_entity(hass, phone), message)
        return
    if not hass.services.has_service(NOTIFY, phone.action):
        raise UnreachableError(
            f"there is no action {NOTIFY}.{phone.action}; open the app on the phone"
        )
    extra: dict[str, Any] = {}
    if message.tag is not None:
        extra["tag"] = message.tag
    if message.buttons:
        extra["actions"] = [button.as_json() for button in message.buttons]
    data = {"message": message.text, "data": extra}
    if message.title is not None:
        data["title"] = message.title
    await _call(hass, phone.action, data)


def notify_entity(hass: HomeAssistant, phone: Phone) -> str:
    """Return the notify entity of a phone; raise UnreachableError if it has none."""
    for entity in er.async_entries_for_device(er.async_get(hass), phone.device):
        if entity.domain == NOTIFY:
            return entity.entity_id
    raise UnreachableError("it shares its name with another phone and has no notify entity")


async def async_send_to_entity(hass: HomeAssistant, entity_id: str, message: Message) -> None:
    """Send a message to a notify entity; raise UnreachableError if it cannot be sent."""
    state = hass.states.get(entity_id)
    # Home Assistant leaves out such entities without an error.
    if state is None:
        raise UnreachableError("there is no such entity")
    if state.state == STATE_UNAVAILABLE:
        raise UnreachableError("the entity is unavailable")
    data: dict[str, Any] = {"entity_id": [entity_id], "message": message.text}
    if message.title is not None:
        data["title"] = message.title
    await _call(hass, "send_message", data)


async def _call(hass: HomeAssistant, action: str, data: dict[str, Any]) -> None:
    try:
        await hass.services.async_call(NOTIFY, action, data, blocking=True)
    except HomeAssistantError as error:
        raise UnreachableError(str(error)) from error
    except Exception as error:
        # Of the recipient's integration. The other recipients still get the message.
        _LOGGER.exception("The action %s.%s crashed", NOTIFY, action)
        raise UnreachableError(f"its integration crashed ({error!r})") from error


class Delivery:
    """Sends one message to all its recipients and remembers who could not be reached."""

    def __init__(self, hass: HomeAssistant, message: Message) -> None:
        """Prepare to send a message."""
        self._hass = hass
        self._message = message
        self._reached = 0
        self.failed: list[str] = []
        """Names of those who could not be reached."""

    async def async_send(self, phones: Iterable[str], entities: Iterable[str]) -> None:
        """Send to phones, by device id, and to notify entities; report what failed."""
        for device_id in phones:
            await self._send_to_device(device_id)
        for entity_id in entities:
            try:
                await async_send_to_entity(self._hass, entity_id, self._message)
            except UnreachableError as error:
                self._add_failure(entity_id, error)
            else:
                self._reached += 1
        self._report()

    async def _send_to_device(self, device_id: str) -> None:
        name = device_id
        try:
            phone = find_phone(self._hass, device_id)
            name = phone.name
            report_shared_name(self._hass, phone)
            await async_send_to_phone(self._hass, phone, self._message)
        except UnreachableError as error:
            self._add_failure(name, error)
        else:
            self._reached += 1

    def _add_failure(self, name: str, error: UnreachableError) -> None:
        _LOGGER.warning("Could not send a message to %s: %s", name, error)
        self.failed.append(name)

    @callback
    def _report(self) -> None:
        """Raise a repair if the message reached no one; else delete that of an earlier one."""
        issue_id = undelivered_id(self._message)
        if self._reached:
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
            return
        _LOGGER.error("A message reached no one; see Settings > Repairs")
        names = ", ".join(plain_text(name, NAME_LENGTH) for name in self.failed)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            is_persistent=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key=UNDELIVERED,
            translation_placeholders={
                "title": plain_text(self._message.title or "Limber", NAME_LENGTH),
                "message": escape_markdown(self._message.text, DETAIL_LENGTH),
                "recipients": names or "–",  # noqa: RUF001 - a dash
            },
        )


def undelivered_id(message: Message) -> str:
    """Return the id of the repair about a message: one for each tag, or for each title."""
    return f"{UNDELIVERED}/{message.tag or message.title or ''}"


@callback
def report_shared_name(hass: HomeAssistant, phone: Phone) -> None:
    """Raise a repair if a phone shares its name with another one, or delete it."""
    issue_id = f"{SHARED_NAME}/{phone.action}"
    if not phone.shares_name:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=SHARED_NAME,
        translation_placeholders={"phone": plain_text(phone.name, NAME_LENGTH)},
    )


async def async_clear(hass: HomeAssistant, phones: Iterable[str], tag: str) -> None:
    """Remove the message with a tag from phones, as far as they can be reached."""
    for device_id in phones:
        try:
            phone = find_phone(hass, device_id)
            if not phone.shares_name:
                await async_send_to_phone(hass, phone, Message(text=CLEAR, tag=tag))
        except UnreachableError as error:
            _LOGGER.debug("Could not remove the message %s from %s: %s", tag, device_id, error)


@callback
def async_delete_issues(hass: HomeAssistant) -> None:
    """Delete the repairs about messages."""
    for issue in list(ir.async_get(hass).issues.values()):
        if issue.domain == DOMAIN and issue.issue_id.split("/")[0] in MESSAGE_ISSUES:
            ir.async_delete_issue(hass, DOMAIN, issue.issue_id)
