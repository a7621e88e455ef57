from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.tokens import CLAIMS, NOW, SECONDS, as_bytes
from todo_adapters.jwt.claims import ClaimRules
from todo_domain import Principal, TokenRejected, UserId

DAY = 24 * 3600


def verify_claims(payload: Any, rules: ClaimRules = ClaimRules(), *, after: float = 0) -> Principal:  # noqa: B008 - immutable
    return rules.read(as_bytes(payload)).principal_at(NOW + timedelta(seconds=after))


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in CLAIMS.items() if key != name}


def test_a_principal_is_the_user_until_the_token_expires() -> None:
    principal = verify_claims(CLAIMS)

    assert principal == Principal(UserId("alice"), expires_at=NOW + timedelta(seconds=900))
    assert principal.expires_at.utcoffset() == timedelta(0)


def test_a_principal_has_the_time_of_iat_and_that_of_1970_without_it() -> None:
    issued = [verify_claims(claims).user_id.issued_at for claims in (CLAIMS, without("iat"))]

    assert issued == [NOW, datetime(1970, 1, 1, tzinfo=UTC)]


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}x", b'{"user_id":"alice","user_id":"bob","exp":1}'])
def test_a_payload_is_an_unambiguous_object(payload: bytes) -> None:
    with pytest.raises(TokenRejected, match="payload is not a JSON object"):
        verify_claims(payload)


def test_a_token_has_to_expire() -> None:
    with pytest.raises(TokenRejected, match="never expires"):
        verify_claims(without("exp"))


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", [None, True, False, "1", "", [], {}, -1, -0.5, 253402300800, 1e308])
def test_a_time_is_a_number_of_seconds_since_1970(name: str, value: Any) -> None:
    with pytest.raises(TokenRejected, match=f"{name} is not a number of seconds"):
        verify_claims({**CLAIMS, name: value})


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"9" * 400])
def test_a_time_is_a_finite_number_in_range(name: str, number: bytes) -> None:
    payload = as_bytes(without(name))[:-1] + b',"%b":%b}' % (name.encode(), number)

    with pytest.raises(TokenRejected, match=f"{name} is not a number of seconds"):
        verify_claims(payload)


def test_a_time_may_have_a_fraction() -> None:
    assert verify_claims({**CLAIMS, "exp": SECONDS + 0.5}).expires_at == NOW + timedelta(seconds=0.5)


def test_a_token_is_valid_until_30_seconds_after_it_expires() -> None:
    verify_claims(CLAIMS, after=929.999)
    with pytest.raises(TokenRejected, match="has expired"):
        verify_claims(CLAIMS, after=930)


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_a_token_is_valid_from_30_seconds_before_it_begins(name: str) -> None:
    verify_claims({**CLAIMS, name: SECONDS + 30})
    with pytest.raises(TokenRejected, match="not valid yet"):
        verify_claims({**CLAIMS, name: SECONDS + 31})


@pytest.mark.parametrize("times", [{"nbf": SECONDS + 31}, {"iat": SECONDS + 31, "nbf": 0}])
def test_a_token_begins_with_the_later_of_its_times(times: dict[str, int]) -> None:
    with pytest.raises(TokenRejected, match="not valid yet"):
        verify_claims({**CLAIMS, **times})


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_the_beginning_of_a_token_is_optional(name: str) -> None:
    assert verify_claims(without(name)).user_id == "alice"


def test_a_token_is_valid_for_at_most_31_days() -> None:
    verify_claims({**CLAIMS, "exp": SECONDS + 31 * DAY})
    with pytest.raises(TokenRejected, match="more than 31 days"):
        verify_claims({**CLAIMS, "exp": SECONDS + 31 * DAY + 1})


def test_a_grant_is_checked_against_the_time_of_its_use() -> None:
    grant = ClaimRules().read(as_bytes({**CLAIMS, "nbf": SECONDS + 60}))

    with pytest.raises(TokenRejected, match="not valid yet"):
        grant.principal_at(NOW)
    assert grant.principal_at(NOW + timedelta(seconds=60)).user_id == "alice"
    with pytest.raises(TokenRejected, match="has expired"):
        grant.principal_at(NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    "user_id", ["", " alice", "al ice", "a/b", ".", "..", "é", "a\0", "\ud800", "a" * 129, None, 1, True, ["alice"], {}]
)
@pytest.mark.parametrize("name", ["user_id", "sub"])
def test_a_claim_that_is_not_a_user_id_is_refused(name: str, user_id: Any) -> None:
    with pytest.raises(TokenRejected, match="user is not a user id"):
        verify_claims({**without("user_id"), name: user_id}, ClaimRules(accept_subject=True))


@pytest.mark.parametrize("name", ["userId", "id", "uid", "USER_ID", "email"])
def test_only_the_claim_user_id_names_the_user(name: str) -> None:
    with pytest.raises(TokenRejected, match="neither user_id nor sub"):
        verify_claims({**without("user_id"), name: "alice"})


def test_the_subject_is_the_user_if_the_setting_allows_it() -> None:
    assert verify_claims({**without("user_id"), "sub": "alice"}, ClaimRules(accept_subject=True)).user_id == "alice"


@pytest.mark.parametrize("name", ["userId", "id"])
def test_no_other_claim_names_the_user_even_if_the_subject_may(name: str) -> None:
    with pytest.raises(TokenRejected, match="neither user_id nor sub"):
        verify_claims({**without("user_id"), name: "alice"}, ClaimRules(accept_subject=True))


def test_the_reason_for_refusing_a_subject_alone_names_the_setting_that_accepts_it() -> None:
    with pytest.raises(TokenRejected, match="sub but no user_id, and TODO_USER_FROM_SUB is not set"):
        verify_claims({**without("user_id"), "sub": "alice"})


@pytest.mark.parametrize("accept_subject", [True, False])
@pytest.mark.parametrize("subject", ["bob", "Alice", "", None, 1])
def test_a_subject_that_is_not_the_user_is_refused(subject: Any, accept_subject: bool) -> None:  # noqa: FBT001 - a case
    with pytest.raises(TokenRejected, match="user_id and sub differ"):
        verify_claims({**CLAIMS, "sub": subject}, ClaimRules(accept_subject=accept_subject))


@pytest.mark.parametrize("accept_subject", [True, False])
def test_a_subject_that_is_the_user_is_accepted(accept_subject: bool) -> None:  # noqa: FBT001 - a case
    assert verify_claims({**CLAIMS, "sub": "alice"}, ClaimRules(accept_subject=accept_subject)).user_id == "alice"


@pytest.mark.parametrize(
    "issuer", ["https://auth.example/", "https://evil.example", "", None, 1, ["https://auth.example"]]
)
def test_the_issuer_is_the_one_that_is_configured(issuer: Any) -> None:
    rules = ClaimRules(issuer="https://auth.example")

    verify_claims({**CLAIMS, "iss": "https://auth.example"}, rules)
    with pytest.raises(TokenRejected, match="another issuer"):
        verify_claims({**CLAIMS, "iss": issuer}, rules)


def test_an_issuer_that_is_configured_is_required() -> None:
    with pytest.raises(TokenRejected, match="another issuer"):
        verify_claims(CLAIMS, ClaimRules(issuer="https://auth.example"))


@pytest.mark.parametrize("audience", ["tasks", ["tasks"], ["other", "tasks"]])
def test_the_audience_is_or_contains_the_configured_one(audience: Any) -> None:
    assert verify_claims({**CLAIMS, "aud": audience}, ClaimRules(audience="tasks")).user_id == "alice"


@pytest.mark.parametrize("audience", ["tasks2", "", None, 1, [], ["other"], [["tasks"]], {"tasks": 1}])
def test_another_audience_is_refused(audience: Any) -> None:
    with pytest.raises(TokenRejected, match="another audience"):
        verify_claims({**CLAIMS, "aud": audience}, ClaimRules(audience="tasks"))


def test_an_audience_that_is_configured_is_required() -> None:
    with pytest.raises(TokenRejected, match="another audience"):
        verify_claims(CLAIMS, ClaimRules(audience="tasks"))


def test_issuer_and_audience_are_not_checked_unless_configured() -> None:
    assert verify_claims({**CLAIMS, "iss": "anyone", "aud": ["anything"]}).user_id == "alice"
