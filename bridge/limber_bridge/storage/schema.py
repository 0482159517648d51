"""The schema of the journal, and how an older one is migrated to it.

Columns and tables are versioned by `PRAGMA user_version`, payloads by the records of
`limber_bridge.storage.records`. A change to a payload needs a new version of the payload and a
migration, which may be empty, so that an older bridge refuses the file.
"""

from typing import Final

MIGRATIONS: Final = (
    """
CREATE TABLE event (
  number INTEGER PRIMARY KEY,            -- order of arrival, for paging
  sleeper TEXT NOT NULL,
  night TEXT NOT NULL,                   -- date of the night, ISO
  id TEXT NOT NULL,                      -- made from the event: the same one counts once
  kind TEXT NOT NULL,
  onset INTEGER NOT NULL,                -- us, UTC
  payload TEXT NOT NULL,
  UNIQUE (sleeper, id)
);
CREATE INDEX event_by_night ON event (sleeper, night, onset);
CREATE TABLE night (
  sleeper TEXT NOT NULL,
  night TEXT NOT NULL,
  revision INTEGER NOT NULL DEFAULT 0,   -- 0: not finished yet
  payload TEXT,
  PRIMARY KEY (sleeper, night)
);
CREATE TABLE memory (sleeper TEXT PRIMARY KEY, payload TEXT NOT NULL);
CREATE TABLE topic (topic TEXT PRIMARY KEY);
""",
    """
CREATE TABLE label (
  sleeper TEXT NOT NULL,
  id TEXT NOT NULL,
  event TEXT,                            -- id of its cramp, which need not be in a journal
  payload TEXT NOT NULL,
  PRIMARY KEY (sleeper, id),
  UNIQUE (sleeper, event)
);
""",
    """
ALTER TABLE night ADD COLUMN dropped INTEGER;
-- us, UTC: when its events were dropped to free space; NULL: never
""",
    """
-- How far signed frames were read, so that none can be sent again.
CREATE TABLE read (
  sensor INTEGER NOT NULL,
  boot INTEGER NOT NULL,                 -- id of a start of the device
  place INTEGER NOT NULL,                -- order of the starts
  end INTEGER NOT NULL,                  -- number of the sample after the last one read
  PRIMARY KEY (sensor, boot)
);
""",
    """
CREATE TABLE setting (sleeper TEXT PRIMARY KEY, payload TEXT NOT NULL);
""",
    """
-- Standard names; every payload written from here on has a version of its own.
ALTER TABLE memory RENAME TO pipeline_state;
ALTER TABLE setting RENAME TO settings;
ALTER TABLE topic RENAME TO retained_topic;
ALTER TABLE read RENAME TO read_position;
ALTER TABLE read_position RENAME COLUMN boot TO boot_id;
ALTER TABLE read_position RENAME COLUMN place TO start_order;
ALTER TABLE read_position RENAME COLUMN end TO next_sample;
ALTER TABLE night RENAME COLUMN dropped TO events_dropped_at;
UPDATE event SET kind = 'position_change', id = 'position_change' || substr(id, 8)
  WHERE kind = 'posture';
UPDATE event SET kind = 'rhythmic_train', id = 'rhythmic_train' || substr(id, 7)
  WHERE kind = 'rhythm';
UPDATE event SET kind = 'signal_fault', id = 'signal_fault' || substr(id, 5)
  WHERE kind = 'flaw';
UPDATE event SET kind = 'clock_step', id = 'clock_step' || substr(id, 10)
  WHERE kind = 'clockstep';
""",
    """
-- Reports on being in bed in `pipeline_state`, and `external` as a method.
""",
    """
ALTER TABLE read_position ADD COLUMN last_sample_time INTEGER;
-- us, UTC: when the last sample that was read was taken; NULL: not known
""",
    """
-- Nights from recordings, and what they replaced, so that an import can be undone.
CREATE TABLE imported_night (
  number INTEGER PRIMARY KEY,
  sleeper TEXT NOT NULL,
  night TEXT NOT NULL,
  batch TEXT NOT NULL,
  undone INTEGER NOT NULL DEFAULT 0,
  replaced_revision INTEGER NOT NULL,    -- 0: there was no finished night
  replaced_payload TEXT,
  replaced_events_dropped_at INTEGER
);
CREATE INDEX imported_by_night ON imported_night (sleeper, night);
CREATE TABLE replaced_event (
  import INTEGER NOT NULL,               -- number of the imported night
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  onset INTEGER NOT NULL,
  payload TEXT NOT NULL,
  PRIMARY KEY (import, id)
);
""",
    """
-- Tilts of strong movements in `pipeline_state`.
""",
    """
-- Events of the kind `awakening`.
""",
    """
-- Which bridge this is: drawn once, so that it is recognized under another topic or broker.
CREATE TABLE bridge_instance (id TEXT PRIMARY KEY);
INSERT INTO bridge_instance (id) VALUES (lower(hex(randomblob(16))));
""",
    """
-- How many backups were made, so that they can be ordered whatever the clock showed.
CREATE TABLE backup_count (number INTEGER NOT NULL);
INSERT INTO backup_count (number) VALUES (0);
""",
    """
-- Events of the kind `placement_check`.
""",
    """
-- Personal trials: what is drawn, and what a person says was done.
CREATE TABLE trial (
  sleeper TEXT NOT NULL,
  id TEXT NOT NULL,
  payload TEXT NOT NULL,
  PRIMARY KEY (sleeper, id)
);
""",
    """
-- What people say of their nights; a night without a value has no row.
CREATE TABLE diary (
  sleeper TEXT NOT NULL,
  night TEXT NOT NULL,                   -- date of the night, ISO
  payload TEXT NOT NULL,
  PRIMARY KEY (sleeper, night)
);
""",
    """
-- The movements in each hour in the payload of a night.
""",
)
"""The schema and every later change to it, in order. Append only."""
