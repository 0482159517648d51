"""The dashboard of the demo, made only of Home Assistant's own cards."""

from collections.abc import Mapping
from typing import Any, Final

PATH: Final = "limber-demo"
SLEEPER: Final = "anna"


def tile(entity: str, name: str, **more: object) -> dict[str, Any]:
    """Return a tile card for an entity."""
    return {"type": "tile", "entity": entity, "name": name} | more


def heading(text: str, icon: str) -> dict[str, Any]:
    """Return a heading card."""
    return {"type": "heading", "heading": text, "icon": icon}


def history(measure: str, title: str) -> dict[str, Any]:
    """Return a graph with one bar per night."""
    return {
        "type": "statistics-graph",
        "title": title,
        "entities": [
            {
                "entity": f"limber:7_{len(SLEEPER)}_bedroom_{SLEEPER}_{measure}",
                "name": title,
            }
        ],
        "chart_type": "bar",
        "days_to_show": 31,
        "period": "day",
        "stat_types": ["mean"],
        "hide_legend": True,
        "grid_options": {"columns": "full"},
    }


def night(when: str) -> list[dict[str, Any]]:
    """Return the cards with the measures of a night."""
    names = {
        "leg_movements": "Leg movements",
        "periodic_movements": "Periodic",
        "plm_index": "PLM index in bed",
        "possible_cramps": "Possible cramps",
        "time_in_bed": "Time in bed",
        "estimated_sleep": "Estimated sleep",
    }
    return [tile(f"sensor.{SLEEPER}_{key}_{when}", name) for key, name in names.items()]


def usual() -> list[dict[str, Any]]:
    """Return the cards with averages and usual times."""
    names = {
        "plm_index_7_day_average": "7-day PLM index",
        "plm_index_30_day_average": "30-day PLM index",
        "restless_nights_in_a_row": "Restless in a row",
        "usual_bedtime": "Usual bedtime",
    }
    return [tile(f"sensor.{SLEEPER}_{key}", name) for key, name in names.items()]


CAUTION: Final = (
    "Limber shows trends. It is not a medical device. See a doctor if movements are frequent, "
    "painful or disturb your sleep. *This sleeper is simulated.*"
)
CONFIG: Final[Mapping[str, Any]] = {
    "title": "Limber",
    "views": [
        {
            "title": "Legs at night",
            "path": "legs",
            "type": "sections",
            "max_columns": 3,
            "sections": [
                {
                    "type": "grid",
                    "cards": [
                        heading("Now", "mdi:bed"),
                        tile(f"binary_sensor.{SLEEPER}_in_bed", "In bed"),
                        tile(f"binary_sensor.{SLEEPER}_asleep", "Asleep"),
                        tile(f"event.{SLEEPER}_periodic_series", "Periodic series"),
                        tile(f"event.{SLEEPER}_cramp", "Cramp"),
                        tile(f"binary_sensor.{SLEEPER}_left_ankle_connectivity", "Left ankle"),
                        tile(f"binary_sensor.{SLEEPER}_right_ankle_connectivity", "Right ankle"),
                        heading("Tonight", "mdi:weather-night"),
                        *night("tonight"),
                    ],
                },
                {
                    "type": "grid",
                    "cards": [
                        heading("Last night", "mdi:weather-sunset-up"),
                        *night("last_night"),
                        heading("Usual", "mdi:calendar-month"),
                        *usual(),
                        {
                            "type": "markdown",
                            "content": CAUTION,
                            "grid_options": {"columns": "full"},
                        },
                    ],
                },
                {
                    "type": "grid",
                    "cards": [
                        heading("The last 30 nights", "mdi:chart-bar"),
                        history("plm_index", "Periodic movements per hour in bed"),
                        history("movements", "Leg movements"),
                    ],
                },
            ],
        }
    ],
}
