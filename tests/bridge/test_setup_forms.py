"""What a form of the set-up accepts, limber.yaml accepts; what it refuses, it explains."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.config import editor
from limber_bridge.config.loader import check_setup
from limber_bridge.web.catalogue import has_text
from limber_bridge.web.qr_code import BORDER, qr_code
from limber_bridge.web.setup_forms import (
    POSITIONS,
    Errors,
    checked_broker,
    checked_id,
    checked_key,
    checked_name,
    checked_position,
    checked_time_zone,
)

PATH = Path("limber.yaml")
TEXTS = st.one_of(
    st.text(max_size=70),
    st.sampled_from(
        ["", "0", "1883", "65535", "65536", "1" * 11, "٣", "UTC", "../UTC", "localhost"]
    ),
    st.sampled_from([position.name for position in POSITIONS]),
)
FIELDS = ("host", "port", "user", "password", "tls", "name", "time_zone", "position", "key", "id")
FORMS = st.dictionaries(st.sampled_from(FIELDS), TEXTS)


@settings(deadline=None)
@given(FORMS)
def test_a_broker_that_is_accepted_is_one_of_limber_yaml(form: dict[str, str]) -> None:
    values, errors = checked_broker(form)
    assert all(has_text(key) for key in errors.values())
    if not errors:
        text = editor.set_broker("", values | {"password": form.get("password") or None})
        state = check_setup(PATH, text)
        assert (state.errors, state.missing) == ((), ("bridge", "sleepers"))


@settings(deadline=None)
@given(FORMS)
def test_a_person_who_is_accepted_is_one_of_limber_yaml(form: dict[str, str]) -> None:
    errors: Errors = {}
    name = checked_name(form, errors)
    zone = checked_time_zone(form, errors)
    assert all(has_text(key) for key in errors.values())
    if not errors:
        text = editor.add_sleeper(
            editor.set_bridge("", {"id": "home", "time_zone": zone}), "anna", name
        )
        state = check_setup(PATH, text)
        assert (state.errors, state.missing) == ((), ("broker", "sensors"))
        assert state.draft is not None
        assert state.draft.without_sensors[0].name == name


@settings(deadline=None)
@given(FORMS, st.booleans())
def test_a_sensor_that_is_accepted_is_one_of_limber_yaml(
    form: dict[str, str], required: bool
) -> None:
    errors: Errors = {}
    position = checked_position(form, errors)
    number = checked_id(form, errors)
    key = checked_key(form, errors, required=required)
    assert all(has_text(one) for one in errors.values())
    if errors or position is None:
        return
    values = {"id": number, "source": "network", "key": key, **position.values()}
    entry = {name: value for name, value in values.items() if value is not None}
    text = editor.add_sensor(editor.add_sleeper("", "anna", "Anna"), "anna", entry)
    state = check_setup(PATH, editor.set_section(text, ("network",), {"address": "127.0.0.1"}))
    # A key that can be guessed is refused with the whole file.
    assert state.missing == ("bridge", "broker") or all("key" in line for line in state.errors)
    assert key is None or all(key not in line for line in state.errors)


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=120))
def test_a_qr_code_has_its_finder_patterns_within_a_quiet_zone(text: str) -> None:
    code = qr_code(text)
    assert code.size >= 21 + 2 * BORDER
    corners = (BORDER, code.size - BORDER - 1)
    for x, y in ((corners[0], corners[0]), (corners[1], corners[0]), (corners[0], corners[1])):
        assert f"M{x} {y}h1v1h-1z" in code.path
    assert f"M{BORDER - 1} " not in code.path
