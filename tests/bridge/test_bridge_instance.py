"""Which bridge it is: an id from the first start that outlives everything but the journal."""

import re
import shutil
from pathlib import Path

from devtools.processes import free_port
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.storage.backups import list_backups
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_reader import JournalReader, empty_database
from limber_bridge.storage.journal_upkeep import run_upkeep
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.examples import settings
from tests.bridge.listener import Listener
from tests.bridge.running_bridge import ANKLE, listen_on
from tests.bridge.test_journal_files import NIGHT, write

INSTANCE = re.compile(r"[0-9a-f]{32}")


def instance_of(path: Path) -> str:
    with Journal(path) as journal:
        assert journal.instance is not None
        return journal.instance


def test_each_journal_has_its_own_id_for_ever(tmp_path: Path) -> None:
    first = instance_of(tmp_path / "first.db")
    assert INSTANCE.fullmatch(first)
    assert instance_of(tmp_path / "first.db") == first
    assert instance_of(tmp_path / "second.db") != first


def test_the_id_survives_a_restore_from_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    write(path)
    before = instance_of(path)
    path.unlink()
    assert instance_of(path) == before


def test_a_journal_that_is_lost_with_its_backups_has_another_id(tmp_path: Path) -> None:
    lost = tmp_path / "old card" / "limber.db"
    lost.parent.mkdir()
    write(lost)
    before = instance_of(lost)
    shutil.rmtree(lost.parent)
    lost.parent.mkdir()
    assert instance_of(lost) != before


def test_the_id_stays_if_the_journal_is_set_aside_while_the_bridge_runs(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    with Journal(path) as journal:
        before = journal.instance
        journal.append("anna", [], PipelineState({}))
        journal.set_aside("it was damaged for this test")
        assert journal.instance == before
        assert journal.read_instance() == before
    assert instance_of(path) == before


def test_a_backup_of_the_new_file_has_the_id_as_well(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    with Journal(path) as journal:
        before = journal.instance
        journal.set_aside("it was damaged for this test")
        run_upkeep(journal, NIGHT, RetentionLimits())
    (backup,) = list_backups(path)
    assert instance_of(backup) == before


def test_a_journal_in_memory_has_no_id(tmp_path: Path) -> None:
    """What is not kept would be another bridge after each start."""
    with JournalReader(tmp_path / "limber.db", empty_database()) as journal:
        assert journal.read_instance() is None


def test_the_id_is_published_and_the_same_under_another_base_topic(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    found = []
    for base in ("limber", "attic"):
        text = settings(ANKLE, port=broker.port, base_topic=base, more=listen_on(free_port()))
        with Listener(broker.port) as listener:
            bridge = start_bridge(text)
            found.append(listener.on(f"{base}/bedroom/info").json["instance"])
        bridge.stop()
    assert INSTANCE.fullmatch(found[0])
    assert found[0] == found[1]
