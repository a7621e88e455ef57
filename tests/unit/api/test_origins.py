"""Origins are serialized as browsers send them, and an origin that no browser sends is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from todo_api.origins import serialized_origins


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("https://app.example", "https://app.example"),
        ("https://app.example/", "https://app.example"),
        ("HTTPS://App.EXAMPLE", "https://app.example"),
        ("https://app.example:443", "https://app.example"),
        ("http://app.example:80/", "http://app.example"),
        ("http://app.example:443", "http://app.example:443"),
        ("http://localhost:03000", "http://localhost:3000"),
        ("http://127.0.0.1:5173", "http://127.0.0.1:5173"),
        ("http://[0:0:0:0:0:0:0:1]:5173", "http://[::1]:5173"),
        ("http://[2001:DB8::1]", "http://[2001:db8::1]"),
        ("https://my_app.example.", "https://my_app.example."),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("Capacitor://localhost", "capacitor://localhost"),
        ("ionic://localhost", "ionic://localhost"),
        ("tauri://localhost", "tauri://localhost"),
        ("app://.", "app://."),
        ("my-app+v1://Main:8080", "my-app+v1://Main:8080"),
        ("chrome-extension://abcdefghijklmnopabcdefghijklmnop", "chrome-extension://abcdefghijklmnopabcdefghijklmnop"),
        ("safari-web-extension://E2B7-4C", "safari-web-extension://E2B7-4C"),
    ],
)
def test_an_origin_is_serialized_as_browsers_send_it(given: str, sent: str) -> None:
    assert serialized_origins([given]) == (sent,)
    assert serialized_origins([sent]) == (sent,)


@pytest.mark.parametrize(
    ("origin", "fault"),
    [
        ("", "a scheme"),
        ("app.example", "a scheme"),
        ("//app.example", "a scheme"),
        ("https:/app.example", "a scheme"),
        ("1https://app.example", "a scheme"),
        ("null", "null"),
        ("file://localhost", "this scheme"),
        ("wss://app.example", "this scheme"),
        ("https://*.app.example", "alone means"),
        ("https://app.*", "alone means"),
        ("https://app.example/a", "without a path"),
        ("https://app.example//", "without a path"),
        ("https://app.example?a=b", "without a path, query"),
        ("https://app.example/#a", "without a path, query or fragment"),
        ("https://app.example\\a", "without a path"),
        ("https://user:password@app.example", "user name"),
        ("https://", "a host"),
        ("https://:443", "a host"),
        ("https://app.example:", "a host and"),
        ("https://app.example:x", "a host and"),
        ("https://app.example:99999", "a port up to 65535"),
        ("https://app .example", "a host, such as"),
        ("https://app..example", "a host, such as"),
        ("https://-app.example", "a host, such as"),
        (f"https://{'a' * 64}.example", "a host, such as"),
        (f"https://{'a.' * 127}example", "a host, such as"),
        ("https://app%2eexample", "a host, such as"),
        ("https://b\u00fccher.example", "ASCII"),
        ("https://app\uff0eexample", "ASCII"),
        ("http://127.1", "usual form"),
        ("http://0x7f.0.0.1", "usual form"),
        ("http://2130706433", "usual form"),
        ("http://127.0.0.1.", "usual form"),
        ("http://1.2.3.256", "usual form"),
        ("http://[::1", "a host and"),
        ("http://[::x]", "a host and"),
        ("http://[1::2::3]", "usual form"),
        ("http://[::ffff:1.2.3.4]", "usual form"),
        ("capacitor://", "letters, digits"),
        ("capacitor://l\u00f6calhost", "letters, digits"),
    ],
)
def test_an_origin_that_no_browser_sends_is_refused_with_the_reason(origin: str, fault: str) -> None:
    with pytest.raises(ValueError, match=r"^origin 2 must ") as refused:
        serialized_origins(["https://first.example", origin])

    assert fault in str(refused.value)
    assert not origin or origin == "null" or origin not in str(refused.value)


def test_a_single_asterisk_means_all_origins() -> None:
    assert serialized_origins(["*"]) == ("*",)
    with pytest.raises(ValueError, match=r"origin 2 .*alone means"):
        serialized_origins(["https://app.example", "*"])


def test_two_forms_of_an_origin_count_once() -> None:
    assert serialized_origins(["https://a.example", "HTTPS://A.example:443/"]) == ("https://a.example",)
    assert serialized_origins([]) == ()


@given(st.text("aA1.-_:/[]@*%0x\u00fc", max_size=20), st.sampled_from(["http", "https", "app", "Tauri"]))
def test_serializing_origins_again_changes_nothing(rest: str, scheme: str) -> None:
    try:
        accepted = serialized_origins([f"{scheme}://{rest}"])
    except ValueError:
        return

    assert serialized_origins(accepted) == accepted
