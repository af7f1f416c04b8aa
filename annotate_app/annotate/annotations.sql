-- The log of boxes drawn by hand. Rows are added and never changed: see the triggers at the end.
-- Times that end in _at are seconds since 1970.

CREATE TABLE pictures (                    -- photos and keyframes that somebody was shown, or that were imported
    picture_id TEXT PRIMARY KEY,           -- digest of the origin
    origin TEXT NOT NULL,                  -- name below its source, as a build names it
    width INTEGER NOT NULL,                -- as shown, in which boxes are kept
    height INTEGER NOT NULL,
    original_width INTEGER NOT NULL,       -- of the file, before it was scaled down
    original_height INTEGER NOT NULL,
    image_id TEXT NOT NULL,                -- digest of the pixels, as in a dataset
    at REAL NOT NULL
);

CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY,
    reviewer TEXT NOT NULL,                -- who draws, by the name they gave
    opened_at REAL NOT NULL,
    about TEXT NOT NULL                    -- JSON: version, rules
);

CREATE TABLE takes (                       -- who was given which picture
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    picture_id TEXT NOT NULL REFERENCES pictures,
    session_id TEXT NOT NULL REFERENCES sessions,
    at REAL NOT NULL
);

CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,         -- a UUID made by the page
    session_id TEXT NOT NULL REFERENCES sessions,
    tab TEXT NOT NULL,
    picture_id TEXT NOT NULL REFERENCES pictures,
    action TEXT NOT NULL,                  -- annotate_app.annotate.log.Action
    status TEXT CHECK (status IN ('open', 'done', 'skipped')),  -- of the picture afterwards; of an undo, null
    objects TEXT,                          -- JSON: all objects of the picture afterwards; of an undo, null
    target TEXT REFERENCES events (event_id),  -- the event undone
    at REAL NOT NULL,                      -- when it happened, by the server's clock
    received_at REAL NOT NULL,
    key_at REAL,                           -- when it happened, by the page's clock
    painted_at REAL                        -- when the picture was on the screen, by the page's clock
);

CREATE TABLE leases (                      -- which tab of a person's may write, and until when
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    reviewer TEXT NOT NULL,
    tab TEXT NOT NULL,
    at REAL NOT NULL,
    until REAL NOT NULL
);

CREATE INDEX events_of_picture ON events (picture_id, seq);
CREATE INDEX events_of_target ON events (target);
CREATE INDEX leases_of_reviewer ON leases (reviewer, seq);

CREATE VIEW drawn AS                       -- the last event of each picture that no undo took back
    SELECT p.origin, p.width, p.height, e.* FROM events AS e JOIN pictures AS p USING (picture_id)
    WHERE e.seq = (
        SELECT max(l.seq) FROM events AS l
        WHERE l.picture_id = e.picture_id AND l.action <> 'undo'
        AND NOT EXISTS (SELECT 1 FROM events AS u WHERE u.target = l.event_id AND u.action = 'undo'));

CREATE TRIGGER pictures_update BEFORE UPDATE ON pictures
    BEGIN SELECT RAISE(ABORT, 'pictures is append-only'); END;
CREATE TRIGGER pictures_delete BEFORE DELETE ON pictures
    BEGIN SELECT RAISE(ABORT, 'pictures is append-only'); END;
CREATE TRIGGER pictures_replace BEFORE INSERT ON pictures
    WHEN EXISTS (SELECT 1 FROM pictures WHERE picture_id = NEW.picture_id)
    BEGIN SELECT RAISE(ABORT, 'pictures is append-only'); END;

CREATE TRIGGER sessions_update BEFORE UPDATE ON sessions
    BEGIN SELECT RAISE(ABORT, 'sessions is append-only'); END;
CREATE TRIGGER sessions_delete BEFORE DELETE ON sessions
    BEGIN SELECT RAISE(ABORT, 'sessions is append-only'); END;
CREATE TRIGGER sessions_replace BEFORE INSERT ON sessions
    WHEN EXISTS (SELECT 1 FROM sessions WHERE session_id = NEW.session_id)
    BEGIN SELECT RAISE(ABORT, 'sessions is append-only'); END;

CREATE TRIGGER takes_update BEFORE UPDATE ON takes
    BEGIN SELECT RAISE(ABORT, 'takes is append-only'); END;
CREATE TRIGGER takes_delete BEFORE DELETE ON takes
    BEGIN SELECT RAISE(ABORT, 'takes is append-only'); END;
CREATE TRIGGER takes_replace BEFORE INSERT ON takes
    WHEN EXISTS (SELECT 1 FROM takes WHERE seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'takes is append-only'); END;

CREATE TRIGGER events_update BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'events is append-only'); END;
CREATE TRIGGER events_delete BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'events is append-only'); END;
CREATE TRIGGER events_replace BEFORE INSERT ON events
    WHEN EXISTS (SELECT 1 FROM events WHERE event_id = NEW.event_id OR seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'events is append-only'); END;

CREATE TRIGGER leases_update BEFORE UPDATE ON leases
    BEGIN SELECT RAISE(ABORT, 'leases is append-only'); END;
CREATE TRIGGER leases_delete BEFORE DELETE ON leases
    BEGIN SELECT RAISE(ABORT, 'leases is append-only'); END;
CREATE TRIGGER leases_replace BEFORE INSERT ON leases
    WHEN EXISTS (SELECT 1 FROM leases WHERE seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'leases is append-only'); END;
