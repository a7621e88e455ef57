#!/bin/sh
# Creates the two databases of compose.yaml, each with an owner. PostgreSQL's image runs it once, on an empty volume.
set -eu
psql --no-psqlrc --quiet --username postgres --set ON_ERROR_STOP=1 \
    --set todo="$TODO_PASSWORD" --set auth="$AUTH_PASSWORD" <<'SQL'
CREATE ROLE todo LOGIN PASSWORD :'todo';
CREATE ROLE auth LOGIN PASSWORD :'auth';
CREATE DATABASE todo OWNER todo;
CREATE DATABASE auth OWNER auth;
SQL
