"""Numbers: the sensitivity of the detection, and ratings for the diary."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, override

from homeassistant.components.number import NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DIARY_COMMAND
from .coordinator import LimberConfigEntry, LimberCoordinator
from .entity import SleeperEntity, async_add_for_sleepers
from .limits import MAX_RATING
from .wire_diary import Diary, RecentDiary
from .wire_info import Sleeper

PARALLEL_UPDATES = 1

SENSITIVITY = NumberEntityDescription(
    key="sensitivity",
    translation_key="sensitivity",
    entity_category=EntityCategory.CONFIG,
    mode=NumberMode.SLIDER,
    native_min_value=0.5,
    native_max_value=2.0,
    native_step=0.05,
)


@dataclass(frozen=True, kw_only=True)
class RatingDescription(NumberEntityDescription):
    """An answer from 0 to 10; its key is the field of the command `diary`."""

    get_diary: Callable[[RecentDiary], Diary]
    get_value: Callable[[Diary], int | None]


def rating(
    key: str,
    get_diary: Callable[[RecentDiary], Diary],
    get_value: Callable[[Diary], int | None],
) -> RatingDescription:
    """Return the description of an answer from 0 to 10."""
    return RatingDescription(
        key=key,
        mode=NumberMode.SLIDER,
        native_min_value=0,
        native_max_value=MAX_RATING,
        native_step=1,
        get_diary=get_diary,
        get_value=get_value,
    )


RATINGS = (
    rating("evening_symptoms", attrgetter("tonight"), attrgetter("evening_symptoms")),
    rating("sleep_quality", attrgetter("last_night"), attrgetter("sleep_quality")),
    rating("cramp_pain", attrgetter("last_night"), attrgetter("cramp_pain")),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LimberConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the numbers of every sleeper."""
    async_add_for_sleepers(entry, async_add_entities, create_numbers)


def create_numbers(coordinator: LimberCoordinator, sleeper: Sleeper) -> Iterator[Entity]:
    """Yield the numbers of a sleeper."""
    yield SensitivityNumber(coordinator, sleeper, SENSITIVITY)
    if coordinator.supports(DIARY_COMMAND):
        for description in RATINGS:
            yield RatingNumber(coordinator, sleeper, description)


class SensitivityNumber(SleeperEntity, NumberEntity):
    """Divisor of the movement threshold: 1 is the rule, with 2 half as strong movements count."""

    @property
    @override
    def available(self) -> bool:
        return super().available and self.coordinator.supports("set")

    @property
    @override
    def native_value(self) -> float | None:
        return None if self._state is None else self._state.sensitivity

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Send the setting; raise HomeAssistantError if the bridge refuses it."""
        await self.coordinator.requests.send("set", self._sleeper, sensitivity=value)


class RatingNumber(SleeperEntity, NumberEntity):
    """An answer for the diary of tonight or of last night; unknown until it is given."""

    entity_description: RatingDescription

    @property
    @override
    def available(self) -> bool:
        return super().available and self.coordinator.supports(DIARY_COMMAND)

    @property
    def _diary(self) -> Diary | None:
        diary = None if self._state is None else self._state.diary
        return None if diary is None else self.entity_description.get_diary(diary)

    @property
    @override
    def native_value(self) -> float | None:
        return None if self._diary is None else self.entity_description.get_value(self._diary)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        return {"night": None if self._diary is None else self._diary.night.isoformat()}

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Send the answer; raise HomeAssistantError if the bridge refuses it."""
        answer = {self.entity_description.key: round(value)}
        await self.coordinator.requests.send(DIARY_COMMAND, self._sleeper, **answer)
