"""The report for a doctor: in the media folder, with a link that works without signing in."""

import base64
from pathlib import Path
from typing import Any

import pytest
import voluptuous as vol
from homeassistant.auth.permissions import PermissionLookup
from homeassistant.auth.permissions.types import SubCategoryType
from homeassistant.core import Context, HomeAssistant, SupportsResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from hypothesis import given
from hypothesis import strategies as st
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    MqttMockHAClient,
    WebSocketGenerator,
)

from custom_components.limber.const import CONF_BASE_TOPIC, CONF_BRIDGE, DOMAIN
from custom_components.limber.report_action import report_language, report_paper
from custom_components.limber.report_files import REPORT_NAME, report_name

from .conftest import Bridge, golden, play_bridges, set_up
from .trial_examples import PDF, report_pages

CSV = b"night,plm_index\n2026-11-22,24.1\n"
NAME = "limber-bedroom-anna-2026-11-22.pdf"


@pytest.fixture
def media(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Home Assistant's media folder, which does not exist yet."""
    folder = tmp_path / "media"
    hass.config.media_dirs = {"more": str(tmp_path / "more"), "local": str(folder)}
    return folder


@pytest.fixture
def prepared(bridge: Bridge) -> Bridge:
    """A bridge that has a report."""
    bridge.prepared_responses["report"] = [
        *report_pages(PDF, 1000),
        *report_pages(CSV, 1000, file_name="limber-anna-2026-11-22.csv", media_type="text/csv"),
    ]
    return bridge


def write(path: Path, content: bytes) -> None:
    """Write a file, and the folders around it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def files(media: Path) -> dict[str, bytes]:
    """Return the reports of the media folder by name."""
    return {path.name: path.read_bytes() for path in (media / "limber").iterdir()}


async def report(hass: HomeAssistant, **data: Any) -> Any:
    """Call the action and return its response."""
    return await hass.services.async_call(
        "limber", "report", data, blocking=True, return_response=True
    )


async def test_a_report_is_written_and_can_be_downloaded(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    media: Path,
    prepared: Bridge,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    made = await report(hass, nights=14, language="de", paper="a4")
    assert made["file"] == str(media / "limber" / NAME)
    assert made["media_content_id"] == f"media-source://media_source/local/limber/{NAME}"
    assert files(media) == {NAME: PDF, "limber-bedroom-anna-2026-11-22.csv": CSV}
    first = prepared.commands()[0]
    assert first == {
        "command": "report",
        "sleeper": "anna",
        "kind": "pdf",
        "nights": 14,
        "language": "de",
        "paper": "a4",
    }
    client = await hass_client_no_auth()
    for one, content, kind in ((made, PDF, "application/pdf"), (made["csv"], CSV, "text/csv")):
        answer = await client.get(one["url"])
        assert answer.status == 200
        assert answer.content_type == kind
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert await answer.read() == content
        unsigned = await client.get(one["url"].partition("?")[0])
        assert unsigned.status == 401


async def test_a_second_report_of_the_same_name_replaces_the_first(
    hass: HomeAssistant, loaded: MockConfigEntry, media: Path, prepared: Bridge
) -> None:
    write(media / "limber" / NAME, b"old")
    # "from" is a keyword in Python.
    await report(hass, **{"from": "2026-11-01", "to": "2026-11-22"})
    assert files(media)[NAME] == PDF
    first = prepared.commands()[0]
    assert (first["from"], first["to"], first["language"]) == ("2026-11-01", "2026-11-22", "en")


@pytest.mark.parametrize(
    "name",
    [
        "limber-bedroom-anna-nothing.pdf",
        "nothing.pdf",
        "..%2F..%2Fsecrets.yaml",
        "limber-bedroom-anna-x.exe",
        "limber-bedroom-anna-link.pdf",
        "%00.pdf",
    ],
)
async def test_only_reports_are_served(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    media: Path,
    hass_client: ClientSessionGenerator,
    name: str,
) -> None:
    write(media / "limber/limber-bedroom-anna-x.exe", b"MZ")
    write(media.parent / "secrets.yaml", b"password: secret")
    (media / "limber/limber-bedroom-anna-link.pdf").symlink_to(media.parent / "secrets.yaml")
    client = await hass_client()
    # Home Assistant itself refuses some paths with 400.
    assert (await client.get(f"/api/limber/report/{name}")).status in (400, 404)
    hass.config.media_dirs = {}
    assert (await client.get(f"/api/limber/report/{NAME}")).status == 404


async def test_without_a_media_folder_nothing_is_asked(
    hass: HomeAssistant, loaded: MockConfigEntry, prepared: Bridge
) -> None:
    hass.config.media_dirs = {}
    with pytest.raises(ServiceValidationError) as error:
        await report(hass)
    assert error.value.translation_key == "no_media_folder"
    assert prepared.commands() == []


async def test_a_report_that_cannot_be_written_says_why(
    hass: HomeAssistant, loaded: MockConfigEntry, media: Path, prepared: Bridge
) -> None:
    write(media, b"a file where the folder should be")
    with pytest.raises(HomeAssistantError) as error:
        await report(hass)
    assert error.value.translation_key == "report_not_written"
    assert (error.value.translation_placeholders or {})["file"].endswith(NAME)


@pytest.mark.parametrize(("pdf", "csv"), [(b"<html>", CSV), (PDF, b"\xff\xfe")])
async def test_something_else_than_a_report_is_not_written(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    media: Path,
    bridge: Bridge,
    pdf: bytes,
    csv: bytes,
) -> None:
    bridge.prepared_responses["report"] = [*report_pages(pdf, 9999), *report_pages(csv, 9999)]
    with pytest.raises(HomeAssistantError) as error:
        await report(hass)
    assert error.value.translation_key == "broken_report"


@pytest.mark.parametrize(
    "period",
    [
        {"from": "2026-11-01"},
        {"to": "2026-11-22"},
        {"nights": 30, "from": "2026-11-01", "to": "2026-11-22"},
    ],
)
async def test_a_period_is_a_number_of_nights_or_two_dates(
    hass: HomeAssistant, loaded: MockConfigEntry, media: Path, bridge: Bridge, period: Any
) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await report(hass, **period)
    assert error.value.translation_key == "report_period"
    with pytest.raises(vol.Invalid):
        await report(hass, nights=366)
    assert bridge.commands() == []


@pytest.mark.parametrize(
    ("language", "country", "expected"),
    [
        ("de-CH", "CH", ("de", "a4")),
        ("pt-BR", "US", ("en", "letter")),
        ("fr", None, ("fr", "a4")),
    ],
)
async def test_language_and_paper_are_those_of_home_assistant(
    hass: HomeAssistant, language: str, country: str | None, expected: tuple[str, str]
) -> None:
    hass.config.language = language
    hass.config.country = country
    assert (report_language(hass), report_paper(hass)) == expected


@given(st.text(max_size=200), st.sampled_from(("pdf", "csv")))
def test_a_name_cannot_leave_the_folder(wanted: str, kind: str) -> None:
    name = report_name("bedroom", "anna", wanted, kind)
    assert REPORT_NAME.fullmatch(name)
    assert Path("/media/limber", name).parent == Path("/media/limber")


@pytest.mark.parametrize(
    ("bridge", "sleeper", "wanted", "expected"),
    [
        ("bedroom", "anna", "limber-anna-2026-11-22.pdf", NAME),
        ("guest_room", "anna_m", "../../etc/passwd.pdf", "limber-guest_room-anna_m-etc-passwd.pdf"),
        ("bedroom", "anna", "", "limber-bedroom-anna-report.pdf"),
        # No bridge has such an id, so only those who may read everything can open it.
        ("bed-room/..", "anna", "x.pdf", "limber-bed_room___-anna-x.pdf"),
    ],
)
def test_a_name_says_whose_report_it_is(
    bridge: str, sleeper: str, wanted: str, expected: str
) -> None:
    assert report_name(bridge, sleeper, wanted, "pdf") == expected
    known = REPORT_NAME.fullmatch(expected)
    assert known
    assert known["sleeper"] == sleeper


async def test_two_bridges_do_not_overwrite_each_others_reports(
    hass: HomeAssistant,
    mqtt_mock: MqttMockHAClient,
    enable_custom_integrations: None,
    media: Path,
) -> None:
    bridges = play_bridges(hass, mqtt_mock, Bridge(hass), Bridge(hass, "cellar"))
    for bridge, content in zip(bridges, (PDF, PDF + b"cellar"), strict=True):
        name = bridge.topic.removeprefix("limber/")
        data = {CONF_BRIDGE: name, CONF_BASE_TOPIC: "limber"}
        await set_up(hass, bridge, MockConfigEntry(domain=DOMAIN, unique_id=name, data=data))
        bridge.prepared_responses["report"] = [
            *report_pages(content, 1000),
            *report_pages(CSV, 1000, file_name="limber-anna-2026-11-22.csv", media_type="text/csv"),
        ]
        await report(hass, sleeper=device_of(hass, name))
    assert {name: content for name, content in files(media).items() if name.endswith("pdf")} == {
        NAME: PDF,
        "limber-cellar-anna-2026-11-22.pdf": PDF + b"cellar",
    }


# --- Who may read a report ---


def device_of(hass: HomeAssistant, bridge: str = "bedroom") -> str:
    """The id of Anna's device."""
    key = ("limber", f"{bridge}/sleeper/anna")
    return next(one.id for one in dr.async_get(hass).devices if key in one.identifiers)


def allow(hass: HomeAssistant, user: MockUser, **policy: SubCategoryType) -> None:
    """Give a user nothing but these permissions on entities."""
    user.groups = []
    user.perm_lookup = PermissionLookup(er.async_get(hass), dr.async_get(hass))
    user.mock_policy({"entities": policy})


async def test_a_user_reads_the_reports_of_sleepers_that_they_may_read(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    media: Path,
    hass_client: ClientSessionGenerator,
    hass_admin_user: MockUser,
) -> None:
    write(media / "limber" / NAME, PDF)
    others = ("limber-cellar-anna-2026-11-22.pdf", "limber-bedroom-bert-2026-11-22.pdf")
    for name in others:
        write(media / "limber" / name, PDF)
    client = await hass_client()

    async def status(name: str) -> int:
        return (await client.get(f"/api/limber/report/{name}")).status

    assert [await status(name) for name in (NAME, *others)] == [200, 200, 200]
    allow(hass, hass_admin_user)
    assert await status(NAME) == 404
    allow(hass, hass_admin_user, device_ids={device_of(hass): {"read": True}})
    assert [await status(name) for name in (NAME, *others)] == [200, 404, 404]
    # One entity of the sleeper is not enough.
    allow(hass, hass_admin_user, entity_ids={"binary_sensor.anna_in_bed": True})
    assert await status(NAME) == 404


async def test_a_link_works_for_everyone_but_a_user_cannot_make_one(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    media: Path,
    prepared: Bridge,
    hass_client_no_auth: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
) -> None:
    assert await async_setup_component(hass, "auth", {})
    made = await report(hass)
    socket = await hass_ws_client(hass)
    allow(hass, hass_admin_user)
    request = {"type": "auth/sign_path", "path": f"/api/limber/report/{NAME}"}
    await socket.send_json_auto_id(request)
    own = (await socket.receive_json())["result"]["path"]
    client = await hass_client_no_auth()
    assert (await client.get(made["url"])).status == 200
    assert (await client.get(own)).status == 404


async def test_actions_need_a_permission_too(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    media: Path,
    prepared: Bridge,
    hass_admin_user: MockUser,
) -> None:
    """Otherwise a report could be made instead of guessing its name."""

    async def call(name: str, **data: Any) -> None:
        context = Context(user_id=hass_admin_user.id)
        answers = hass.services.supports_response("limber", name) is not SupportsResponse.NONE
        await hass.services.async_call(
            "limber", name, data, blocking=True, return_response=answers, context=context
        )

    allow(hass, hass_admin_user)
    for action in ("report", "get_night", "get_nights", "end_night"):
        with pytest.raises(Unauthorized):
            await call(action)
    assert prepared.commands() == []
    allow(hass, hass_admin_user, device_ids={device_of(hass): {"read": True}})
    await call("report")
    with pytest.raises(Unauthorized):
        await call("log", factor="stretching")
    allow(hass, hass_admin_user, device_ids={device_of(hass): {"read": True, "control": True}})
    await call("log", factor="stretching")
    unknown = Context(user_id="nobody")
    with pytest.raises(Unauthorized):
        await hass.services.async_call("limber", "end_night", {}, blocking=True, context=unknown)


# --- Requests ---


async def test_a_report_is_requested_as_the_golden_messages_do(
    hass: HomeAssistant, loaded: MockConfigEntry, media: Path, bridge: Bridge
) -> None:
    first = golden("response_report")
    size = first["report"]["size"]
    rest = b"x" * (size - first["next"])
    last = {"data": base64.b64encode(rest).decode()}
    second = first | {"report": first["report"] | last, "next": None}
    bridge.prepared_responses["report"] = [first, second, *report_pages(CSV, 1000)]
    asked = golden("request_report")
    made = await report(hass, **{key: asked[key] for key in ("nights", "language", "paper")})
    assert len(files(media)[Path(made["file"]).name]) == size
    unsent = {"v", "id", "reply_to"} | {key for key in asked if asked[key] in (None, 0)}
    requested = {key: asked[key] for key in asked if key not in unsent}
    part = {"report": first["report"]["id"], "after": first["next"]}
    assert bridge.commands()[:2] == [requested, requested | part]
    assert set(part) <= set(golden("request_report_part"))
