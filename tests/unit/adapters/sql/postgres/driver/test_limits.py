from todo_adapters.sql.postgres.driver.limits import limit_transaction


def test_the_whole_transaction_is_limited_where_the_server_can() -> None:
    before, since = limit_transaction(160009), limit_transaction(170000)

    assert "idle_in_transaction_session_timeout" in before
    assert "transaction_timeout'" in since.replace("idle_in_transaction_session_timeout'", "")
    assert "transaction_timeout'" not in before.replace("idle_in_transaction_session_timeout'", "")
