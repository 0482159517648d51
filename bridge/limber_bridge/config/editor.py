"""Edit limber.yaml for a person: the broker, the sleepers and their sensors.

Every function takes the text of the file and returns the new one. Only the lines of what is changed
differ; comments, layout and all other lines stay byte for byte. `save_edit` checks a new text as
`limber run` would, and only then replaces the file.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from limber_bridge.config.config_file import Snapshot, digest_of, replace_file
from limber_bridge.config.loader import check_setup
from limber_bridge.config.yaml_edit import (
    UneditableError,
    append_item,
    remove,
    set_value,
)
from limber_bridge.config.yaml_loader import Keys
from limber_bridge.config.yaml_text import Value

type Text = str
type Edit = Callable[[Text], Text]
type Scalars = Mapping[str, str | int | bool | None]
"""Keys and their values; None removes a key."""

NEW_FILE: Final = """\
# Limber: https://github.com/limber-home/limber
# The pages of the bridge write this file, and keep what you write into it by hand.
"""


class RefusedError(Exception):
    """The change would give a configuration with errors; one line for each."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        """Store the lines."""
        super().__init__("\n".join(lines))
        self.lines = lines


def set_bridge(text: Text, values: Scalars) -> Text:
    """Set keys of the bridge itself."""
    return set_section(text, ("bridge",), values)


def set_broker(text: Text, values: Scalars) -> Text:
    """Set keys of the broker."""
    return set_section(text, ("broker",), values)


def add_sleeper(text: Text, sleeper: str, name: str) -> Text:
    """Add a sleeper without sensors."""
    return append_item(text, ("sleepers",), {"id": sleeper, "name": name, "sensors": []})


def rename_sleeper(text: Text, sleeper: str, name: str) -> Text:
    """Change the name of a sleeper; the id stays."""
    return set_value(text, (*sleeper_keys(text, sleeper), "name"), name)


def remove_sleeper(text: Text, sleeper: str) -> Text:
    """Remove a sleeper and all of their sensors."""
    return remove(text, sleeper_keys(text, sleeper))


def add_sensor(text: Text, sleeper: str, values: Mapping[str, Value]) -> Text:
    """Add a sensor to a sleeper."""
    return append_item(text, (*sleeper_keys(text, sleeper), "sensors"), values)


def change_sensor(text: Text, sensor: int, values: Scalars) -> Text:
    """Set keys of a sensor."""
    return set_section(text, sensor_keys(text, sensor), values)


def remove_sensor(text: Text, sensor: int) -> Text:
    """Remove a sensor."""
    return remove(text, sensor_keys(text, sensor))


def set_section(text: Text, keys: Keys, values: Scalars) -> Text:
    """Set the keys of a mapping; None removes one. A value that stays is not touched.

    So `!file PATH` stays in place of the password that it stands for.
    """
    for key, value in values.items():
        known = value_at(text, (*keys, key))
        if value is None and known is not None:
            text = remove(text, (*keys, key))
        elif value is not None and known != value:
            text = set_value(text, (*keys, key), value)
    return text


def sleeper_keys(text: Text, sleeper: str) -> Keys:
    """Return where a sleeper is in the document; UneditableError if it is not there."""
    for keys, found in sleepers_in(text):
        if found.get("id") == sleeper:
            return keys
    raise UneditableError(f"limber.yaml has no sleeper with the id `{sleeper}` any more")


def sensor_keys(text: Text, sensor: int) -> Keys:
    """Return where a sensor is in the document; UneditableError if it is not there."""
    for keys, sleeper in sleepers_in(text):
        sensors = sleeper.get("sensors")
        for index, found in enumerate(sensors if isinstance(sensors, list) else []):
            if isinstance(found, dict) and found.get("id") == sensor:
                return (*keys, "sensors", index)
    raise UneditableError(f"limber.yaml has no sensor with the id {sensor} any more")


def sleepers_in(text: Text) -> Iterator[tuple[Keys, Mapping[str, Any]]]:
    """Yield the place and the content of each sleeper."""
    sleepers = value_at(text, ("sleepers",))
    for index, sleeper in enumerate(sleepers if isinstance(sleepers, list) else []):
        if isinstance(sleeper, dict):
            yield ("sleepers", index), sleeper


def save_edit(path: Path, before: Snapshot, edit: Edit) -> Snapshot:
    """Apply an edit to what was read, check the result, and replace the file.

    Returns the new file. Raises RefusedError for a configuration with errors, UneditableError where
    only a person can make the change, and SaveError where the file cannot be replaced.
    """
    text = edited(before.text, edit)
    errors = check_setup(path, text).errors
    if errors:
        raise RefusedError(errors)
    if text != before.text:
        replace_file(path, before, text)
    return snapshot_of(text)


def edited(text: Text, edit: Edit) -> Text:
    """Return the text after an edit; UneditableError."""
    return edit(text or NEW_FILE)


def snapshot_of(text: Text) -> Snapshot:
    """Return the snapshot of a file with this text."""
    return Snapshot(text, digest_of(text.encode()))


class _PlainLoader(yaml.SafeLoader):
    """YAML whose tags stay unread: an edit looks for ids and needs no secret."""


def _construct_external(_: yaml.SafeLoader, node: yaml.Node) -> str | None:
    return f"{node.tag} {node.value}" if isinstance(node, yaml.ScalarNode) else None


_PlainLoader.add_constructor(None, _construct_external)


def value_at(text: Text, keys: Keys) -> Any:  # noqa: ANN401 - a value of any type
    """Return the value that a path of keys leads to, or None; UneditableError for invalid YAML."""
    loader = _PlainLoader(text)
    try:
        value = loader.get_single_data()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UneditableError("limber.yaml is not valid YAML; correct it by hand first") from error
    finally:
        loader.dispose()
    for key in keys:
        try:
            value = value[key]
        except LookupError, TypeError:
            return None
    return value
