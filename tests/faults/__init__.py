"""Faults and abuse for a moment each: the short form of `bench.faults` and `bench.abuse`.

- of the database, whose clients repeat their requests: `test_postgres_faults`, `test_restarts`, `test_failover`
- of the database, as clients of the API see them: `test_database_faults`, `test_full_disk`, `test_overload`
- of connections to the database: `test_resets`, `test_resets_under_load`
- of the server itself: `test_workers`, `test_rolling_restarts`, `test_watchdog`, `test_sqlite_kill`
- of the operator's commands: `test_killed_commands`
- of clients: `test_connections`, `test_disconnected_clients`. Tests of the bounds of a user are
  `integration/api/test_user_limits` and `test_quotas`; of parsers, `unit/api/test_linear_time`
"""
