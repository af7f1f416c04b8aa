-- The log of human decisions. Rows are added and never changed: see the triggers at the end.
-- Times that end in _at are seconds since 1970.

CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('review', 'verify')),
    verifies TEXT REFERENCES sessions,     -- the session whose deletions a verification shows again
    reviewer TEXT NOT NULL,
    seed INTEGER NOT NULL,                 -- of the order
    opened_at REAL NOT NULL,
    about TEXT NOT NULL                    -- JSON: version, settings, self-reported viewing conditions
);

CREATE TABLE items (
    session_id TEXT NOT NULL REFERENCES sessions,
    position INTEGER NOT NULL,             -- from 0, in the order shown
    sample_id TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('sample', 'repeat', 'undistorted', 'wrong_label')),
    object TEXT NOT NULL,
    label TEXT NOT NULL,                   -- of the distortion, as shown
    image_sha256 TEXT NOT NULL,            -- of the file shown
    PRIMARY KEY (session_id, position)
);

CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,         -- a UUID made by the page
    session_id TEXT NOT NULL REFERENCES sessions,
    tab TEXT NOT NULL,
    action TEXT NOT NULL,                  -- perception20k.dataset.decisions.Action
    position INTEGER,                      -- the item, for an action on one
    target TEXT REFERENCES events (event_id),  -- the decision undone, or the deletion explained
    value TEXT,                            -- a reason, a comment; why set aside; JSON of the display a page opened on
    at REAL NOT NULL,                      -- when it happened, by the server's clock
    received_at REAL NOT NULL,
    painted_at REAL,                       -- when the image was on the screen, by the reviewer's clock
    key_at REAL,                           -- when the key went down, by the reviewer's clock
    dwell_ms REAL,                         -- from painted to key; of away, how long
    reference_uses INTEGER,
    reference_ms REAL,                     -- how long the reference was looked at
    box_hidden_ms REAL,
    preload_miss INTEGER,                  -- 1 if the image was not ready when its turn came
    FOREIGN KEY (session_id, position) REFERENCES items (session_id, position)
);

CREATE TABLE served (                      -- each image that was sent to be judged
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL REFERENCES sessions,
    position INTEGER NOT NULL,
    at REAL NOT NULL,
    image_sha256 TEXT,                     -- of the file sent; null if it was missing or damaged, and not sent
    FOREIGN KEY (session_id, position) REFERENCES items (session_id, position)
);

CREATE TABLE leases (                      -- which tab of a reviewer's may write, and until when
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    reviewer TEXT NOT NULL,
    tab TEXT NOT NULL,
    at REAL NOT NULL,
    until REAL NOT NULL
);

CREATE TABLE training (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    reviewer TEXT NOT NULL,
    at REAL NOT NULL,
    answers TEXT NOT NULL                  -- JSON: for each item, every answer given until it was right
);

CREATE INDEX events_of_item ON events (session_id, position, seq);
CREATE INDEX events_of_session ON events (session_id, seq);
CREATE INDEX events_of_target ON events (target);
CREATE INDEX events_of_action ON events (action, session_id);
CREATE INDEX items_of_sample ON items (sample_id);
CREATE INDEX leases_of_reviewer ON leases (reviewer, seq);

CREATE VIEW decisions AS                   -- what no undo took back
    SELECT * FROM events AS e
    WHERE action IN ('accept', 'delete', 'confirm', 'restore')
    AND NOT EXISTS (SELECT 1 FROM events AS u WHERE u.target = e.event_id AND u.action = 'undo');

CREATE VIEW standing AS                    -- the last of them on each item
    SELECT * FROM decisions AS d WHERE NOT EXISTS (
        SELECT 1 FROM decisions AS l
        WHERE l.session_id = d.session_id AND l.position = d.position AND l.seq > d.seq);

CREATE VIEW finished AS                    -- reviews that were brought to their end in one sitting, and not set aside
    SELECT * FROM sessions AS s WHERE kind = 'review'
    AND session_id IN (SELECT session_id FROM events WHERE action = 'finish')
    AND 'set_aside' IS NOT (
        SELECT action FROM events AS e
        WHERE e.session_id = s.session_id AND action IN ('set_aside', 'reinstate') ORDER BY seq DESC LIMIT 1);

CREATE VIEW verdicts AS                    -- the last word on each deletion shown again
    SELECT s.verifies AS session_id, i.sample_id, d.action, max(d.seq) AS seq
    FROM standing AS d
    JOIN sessions AS s USING (session_id)
    JOIN items AS i USING (session_id, position)
    WHERE s.kind = 'verify'
    GROUP BY s.verifies, i.sample_id;

CREATE TRIGGER sessions_update BEFORE UPDATE ON sessions
    BEGIN SELECT RAISE(ABORT, 'sessions is append-only'); END;
CREATE TRIGGER sessions_delete BEFORE DELETE ON sessions
    BEGIN SELECT RAISE(ABORT, 'sessions is append-only'); END;
CREATE TRIGGER sessions_replace BEFORE INSERT ON sessions
    WHEN EXISTS (SELECT 1 FROM sessions WHERE session_id = NEW.session_id)
    BEGIN SELECT RAISE(ABORT, 'sessions is append-only'); END;

CREATE TRIGGER items_update BEFORE UPDATE ON items
    BEGIN SELECT RAISE(ABORT, 'items is append-only'); END;
CREATE TRIGGER items_delete BEFORE DELETE ON items
    BEGIN SELECT RAISE(ABORT, 'items is append-only'); END;
CREATE TRIGGER items_replace BEFORE INSERT ON items
    WHEN EXISTS (SELECT 1 FROM items WHERE session_id = NEW.session_id AND position = NEW.position)
    BEGIN SELECT RAISE(ABORT, 'items is append-only'); END;

CREATE TRIGGER events_update BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'events is append-only'); END;
CREATE TRIGGER events_delete BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'events is append-only'); END;
CREATE TRIGGER events_replace BEFORE INSERT ON events
    WHEN EXISTS (SELECT 1 FROM events WHERE event_id = NEW.event_id OR seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'events is append-only'); END;

CREATE TRIGGER served_update BEFORE UPDATE ON served
    BEGIN SELECT RAISE(ABORT, 'served is append-only'); END;
CREATE TRIGGER served_delete BEFORE DELETE ON served
    BEGIN SELECT RAISE(ABORT, 'served is append-only'); END;
CREATE TRIGGER served_replace BEFORE INSERT ON served
    WHEN EXISTS (SELECT 1 FROM served WHERE seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'served is append-only'); END;

CREATE TRIGGER leases_update BEFORE UPDATE ON leases
    BEGIN SELECT RAISE(ABORT, 'leases is append-only'); END;
CREATE TRIGGER leases_delete BEFORE DELETE ON leases
    BEGIN SELECT RAISE(ABORT, 'leases is append-only'); END;
CREATE TRIGGER leases_replace BEFORE INSERT ON leases
    WHEN EXISTS (SELECT 1 FROM leases WHERE seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'leases is append-only'); END;

CREATE TRIGGER training_update BEFORE UPDATE ON training
    BEGIN SELECT RAISE(ABORT, 'training is append-only'); END;
CREATE TRIGGER training_delete BEFORE DELETE ON training
    BEGIN SELECT RAISE(ABORT, 'training is append-only'); END;
CREATE TRIGGER training_replace BEFORE INSERT ON training
    WHEN EXISTS (SELECT 1 FROM training WHERE seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'training is append-only'); END;
