"""What a bridge answers about diaries, trials and reports."""

import base64
from typing import Any, Final

DIARY: Final[dict[str, Any]] = {
    "night": "2026-11-22",
    "evening_symptoms": 4,
    "sleep_quality": 7,
    "cramp": True,
    "cramp_pain": 6,
}
RUNNING: Final[dict[str, Any]] = {
    "id": "trial-1",
    "factor": "stretching",
    "name": None,
    "outcome": "plm_index",
    "night_number": 9,
    "nights": 28,
    "start": "2026-11-14",
    "end": "2026-12-11",
    "tonight": "with",
    "question": "2026-11-21",
}
TRIAL: Final[dict[str, Any]] = {
    "id": "trial-0",
    "factor": "other",
    "name": "Wool socks",
    "outcome": "cramp",
    "weeks": 2,
    "washout_nights": 1,
    "early_look": False,
    "start": "2026-10-01",
    "end": "2026-10-14",
    "stopped": None,
    "status": "finished",
    "nights": 14,
    "night_number": None,
    "answered": 13,
    "followed": 12,
    "result": {
        "verdict": "no_difference",
        "effect": -0.1,
        "low": -0.4,
        "high": 0.2,
        "p": 0.42,
        "nights_with": 7,
        "nights_without": 6,
        "at_early_look": False,
    },
}
TREND_NIGHT: Final[dict[str, Any]] = {
    "night": "2026-11-21",
    "hours_start": "2026-11-20T22:00:00Z",
    "movements_by_hour": [12, None, 3],
    "cramps": [
        {"id": "cramp-1", "start": "2026-11-21T01:00:00Z", "certainty": "probable", "label": None}
    ],
    "factors": [{"factor": "stretching", "note": None, "start": "2026-11-20T21:00:00Z"}],
    "diary": DIARY | {"night": "2026-11-21"},
    "trial": {"trial": "trial-1", "assigned": "with", "done": True},
}
EFFECT: Final[dict[str, Any]] = {
    "factor": "stretching",
    "outcome": "plm_index",
    "verdict": "lower",
    "effect": -0.3,
    "low": -0.5,
    "high": -0.1,
    "nights_with": 20,
    "nights_without": 22,
    "more_with": 0,
    "more_without": 0,
    "together_with": ["magnesium"],
}
PDF: Final = b"%PDF-1.7\n" + bytes(range(256)) * 10


def respond(**content: object) -> dict[str, Any]:
    """Return a response with some content."""
    return {"v": 1, "id": "a1", "ok": True} | content


def report_pages(data: bytes, length: int, **changes: object) -> list[dict[str, Any]]:
    """Return the responses in which a bridge sends a report, `length` bytes at a time."""
    offsets = range(0, len(data), length)
    return [
        respond(
            report={
                "id": "r1",
                "file_name": "limber-anna-2026-11-22.pdf",
                "media_type": "application/pdf",
                "size": len(data),
                "data": base64.b64encode(data[offset : offset + length]).decode(),
            }
            | changes,
            next=offset + length if offset + length < len(data) else None,
        )
        for offset in offsets
    ]
