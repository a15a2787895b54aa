"""Signatures as receivers check them, written here a second time."""

import base64
import hashlib
import hmac

from agent_console.events_api import signing

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


def test_a_receiver_can_check_the_signature() -> None:
    made = signing.headers(SECRET, "e-1", b'{"a":1}', 1_800_000_000.9)
    assert made["webhook-timestamp"] == "1800000000"
    signed = b"e-1.1800000000." + b'{"a":1}'
    expected = base64.b64encode(hmac.new(b"k" * 32, signed, hashlib.sha256).digest()).decode()
    assert made["webhook-signature"] == f"v1,{expected}"


def test_the_published_example_of_the_scheme_comes_out() -> None:
    """The example that the specification of Standard Webhooks and its libraries carry."""
    made = signing.headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        1614265330,
    )
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_everything_that_is_signed_counts() -> None:
    one = signing.headers(SECRET, "e-1", b"x", 100.0)["webhook-signature"]
    others = [
        signing.headers(signing.new_secret(), "e-1", b"x", 100.0),
        signing.headers(SECRET, "e-2", b"x", 100.0),
        signing.headers(SECRET, "e-1", b"y", 100.0),
        signing.headers(SECRET, "e-1", b"x", 101.0),
    ]
    assert one not in [made["webhook-signature"] for made in others]
