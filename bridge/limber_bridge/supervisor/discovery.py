"""Tell Home Assistant, through the Supervisor, that this app can be set up as an integration.

https://developers.home-assistant.io/docs/api/supervisor/endpoints#discovery
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

from limber_bridge.supervisor.api import Supervisor, SupervisorError

LOG: Final = logging.getLogger(__name__)

ATTEMPTS: Final = 10
"""chosen: a Supervisor that refuses for good is not asked for ever."""
RETRY_S: Final = 60.0
"""s between two attempts. chosen: a Supervisor that is updated is back in less."""


async def send_discovery(supervisor: Supervisor, fields: Mapping[str, str]) -> None:
    """Send the message, which replaces the one before; a failure is logged once, and tried again.

    `fields`: docs/protocol.md#7-announcement.
    """
    for attempt in range(ATTEMPTS):
        try:
            await asyncio.to_thread(supervisor.discover, fields)
        except SupervisorError as error:
            level = logging.DEBUG if attempt else logging.WARNING
            LOG.log(level, "%s; Home Assistant discovers the bridge over MQTT", error)
        else:
            return
        await asyncio.sleep(RETRY_S)
