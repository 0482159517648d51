"""What the web pages may do with limber.yaml: read it, and have a change taken over."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from limber_bridge.config.loader import SetupState, check_setup


@dataclass(frozen=True, slots=True)
class ReloadOutcome:
    """What the bridge made of a changed limber.yaml."""

    errors: tuple[str, ...] = ()
    """One line for each error; where there are any, the bridge goes on as before."""
    missing: tuple[str, ...] = ()
    """What is still to be set up before the bridge can start."""
    restarted: tuple[str, ...] = ()
    """Parts of limber.yaml for which the detection was started again."""


@dataclass(slots=True)
class ConfigAccess:
    """The file of the configuration, and the requests to take it over."""

    path: Path
    _waiting: list[asyncio.Future[ReloadOutcome]] = field(default_factory=list)
    _requested: asyncio.Event = field(default_factory=asyncio.Event)

    def state(self) -> SetupState:
        """Return how far the file is set up now."""
        return check_setup(self.path)

    async def reload(self) -> ReloadOutcome:
        """Have the bridge follow the file as it is now, and wait until it does."""
        done: asyncio.Future[ReloadOutcome] = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        self._requested.set()
        return await done

    def request(self) -> None:
        """Have the bridge follow the file; do not wait. To be called on the event loop."""
        self._requested.set()

    async def next_request(self) -> Callable[[ReloadOutcome], None]:
        """Wait for a request; return the function that answers all who wait for it."""
        await self._requested.wait()
        self._requested.clear()
        waiting = self._waiting[:]
        self._waiting.clear()

        def answer(outcome: ReloadOutcome) -> None:
            for one in waiting:
                if not one.done():
                    one.set_result(outcome)

        return answer
