"""The parts of the battery by name."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from devtools.battery import leg_figures, night_figures
from devtools.battery.figures import Result

type Part = Callable[[Iterable[int]], Result]

PARTS: Final[Mapping[str, Part]] = {
    "two_ankles": leg_figures.figures_of_two_ankles,
    "one_ankle": leg_figures.figures_of_one_ankle,
    "quiet": leg_figures.figures_of_quiet,
    "emg": leg_figures.figures_of_emg,
    "index": leg_figures.figures_of_index,
    "probable": night_figures.figures_of_probable,
    "possible": night_figures.figures_of_possible,
    "awakening": night_figures.figures_of_awakening,
    "trips": night_figures.figures_of_trips,
    "bed": night_figures.figures_of_bed,
    "bed_sensor": leg_figures.figures_of_bed_sensors,
    "sleep": night_figures.figures_of_sleep,
}
