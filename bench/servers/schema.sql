-- The tables of the hand-written servers: the benchmark's own task. A field that this project's tasks get later is not
-- added here; bench/agreement.py compares only the fields that all servers have.
CREATE TABLE task_lists (
    user_id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL,
    last_task_id bigint NOT NULL,
    forgotten_revision bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE tasks (
    user_id text COLLATE "C",
    id bigint,
    revision bigint NOT NULL,
    title text COLLATE "C" NOT NULL,
    title_key text COLLATE "C" NOT NULL,
    description text COLLATE "C",
    description_key text COLLATE "C",
    completed_at timestamptz,
    priority smallint NOT NULL,
    due text COLLATE "C",
    due_timezone text COLLATE "C",
    tags text COLLATE "C" NOT NULL,
    tags_key text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (user_id, id)
);
CREATE UNIQUE INDEX tasks_by_revision ON tasks (user_id, revision);
CREATE INDEX tasks_by_creation ON tasks (user_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_by_deletion ON tasks (deleted_at) WHERE deleted_at IS NOT NULL;
