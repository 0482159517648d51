-- journal, schema 17
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
  payload TEXT, events_dropped_at INTEGER,
  PRIMARY KEY (sleeper, night)
);
CREATE TABLE "pipeline_state" (sleeper TEXT PRIMARY KEY, payload TEXT NOT NULL);
CREATE TABLE "retained_topic" (topic TEXT PRIMARY KEY);
CREATE TABLE label (
  sleeper TEXT NOT NULL,
  id TEXT NOT NULL,
  event TEXT,                            -- id of its cramp, which need not be in a journal
  payload TEXT NOT NULL,
  PRIMARY KEY (sleeper, id),
  UNIQUE (sleeper, event)
);
CREATE TABLE "read_position" (
  sensor INTEGER NOT NULL,
  boot_id INTEGER NOT NULL,                 -- id of a start of the device
  start_order INTEGER NOT NULL,                -- order of the starts
  next_sample INTEGER NOT NULL, last_sample_time INTEGER,                  -- number of the sample after the last one read
  PRIMARY KEY (sensor, boot_id)
);
CREATE TABLE "settings" (sleeper TEXT PRIMARY KEY, payload TEXT NOT NULL);
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
CREATE TABLE bridge_instance (id TEXT PRIMARY KEY);
CREATE TABLE backup_count (number INTEGER NOT NULL);
CREATE TABLE trial (
  sleeper TEXT NOT NULL,
  id TEXT NOT NULL,
  payload TEXT NOT NULL,
  PRIMARY KEY (sleeper, id)
);
CREATE TABLE diary (
  sleeper TEXT NOT NULL,
  night TEXT NOT NULL,                   -- date of the night, ISO
  payload TEXT NOT NULL,
  PRIMARY KEY (sleeper, night)
);
-- raw signal, schema 2
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE sensor (
  id INTEGER PRIMARY KEY,
  quantity TEXT NOT NULL,
  placement TEXT NOT NULL,
  side TEXT
);
CREATE TABLE block (
  number INTEGER PRIMARY KEY,   -- order of arrival
  numbered_since INTEGER NOT NULL,        -- us, UTC: when the bridge started that numbered these samples
  sensor INTEGER NOT NULL,
  begin INTEGER NOT NULL,       -- us, UTC: of the first sample
  end INTEGER NOT NULL,         -- us, UTC: of the last
  checksum INTEGER NOT NULL,    -- CRC-32 of data
  data BLOB NOT NULL
);
