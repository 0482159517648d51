"""Action that makes a report for a doctor, as a PDF and as a table."""

from typing import Any, Final

import voluptuous as vol
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import HomeAssistant, ServiceResponse, SupportsResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv

from .const import DOMAIN, REPORT_COMMAND
from .report_files import async_store_report, report_folder, report_name
from .requests import Report, broken_report
from .sleeper_action import Action, Arguments, given_arguments
from .sleepers import TargetSleeper
from .trial_actions import whole_number

LANGUAGES: Final = ("en", "de", "fr", "es", "nl", "it")
PAPERS: Final = ("a4", "letter")
LETTER_COUNTRIES: Final = frozenset(
    ("BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE")
)
"""Countries whose usual paper is US Letter (Unicode CLDR, measurementData, paperSize)."""
PDF_START: Final = b"%PDF-"


async def write_report(
    hass: HomeAssistant, sleeper: TargetSleeper, arguments: Arguments
) -> ServiceResponse:
    """Request a report and write it into the media folder; return where it is."""
    folder = report_folder(hass)
    asked = report_arguments(hass, arguments)
    stored: dict[str, dict[str, Any]] = {}
    for kind in ("pdf", "csv"):
        report = await sleeper.coordinator.requests.fetch_report(sleeper.id, kind=kind, **asked)
        check_content(report, kind)
        name = report_name(sleeper.coordinator.bridge, sleeper.id, report.file_name, kind)
        stored[kind] = await async_store_report(hass, folder, name, report.data)
    return {**stored["pdf"], "csv": stored["csv"]}


def report_arguments(hass: HomeAssistant, arguments: Arguments) -> Arguments:
    """Return the arguments of the request, with what Home Assistant knows of the person.

    Raise ServiceValidationError for a period that is not one.
    """
    if ("from" in arguments) != ("to" in arguments) or {"nights", "from"} <= arguments.keys():
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="report_period")
    usual = {"language": report_language(hass), "paper": report_paper(hass)}
    given = given_arguments(arguments, "nights", "from", "to", "language", "paper")
    return usual | given


def report_language(hass: HomeAssistant) -> str:
    """Return the language of Home Assistant, or English if the report has not that one."""
    language = hass.config.language.partition("-")[0]
    return language if language in LANGUAGES else "en"


def report_paper(hass: HomeAssistant) -> str:
    """Return the usual paper of the country."""
    return "letter" if hass.config.country in LETTER_COUNTRIES else "a4"


def check_content(report: Report, kind: str) -> None:
    """Raise HomeAssistantError if a report is not what was asked for."""
    if kind == "pdf" and not report.data.startswith(PDF_START):
        raise broken_report()
    if kind == "csv":
        try:
            report.data.decode()
        except UnicodeDecodeError as error:
            raise broken_report() from error


REPORT_ACTIONS: Final = (
    Action(
        REPORT_COMMAND,
        {
            vol.Optional("nights"): whole_number(1, 365),
            vol.Optional("from"): cv.date,
            vol.Optional("to"): cv.date,
            vol.Optional("language"): vol.In(LANGUAGES),
            vol.Optional("paper"): vol.In(PAPERS),
        },
        write_report,
        SupportsResponse.OPTIONAL,
        POLICY_READ,
    ),
)
