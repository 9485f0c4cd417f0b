"""
How the private key may be written that Apple's secret is made with.
"""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from tests.scenario import Pair, q

pytestmark = pytest.mark.parity

APPLE = "/api/settings/apple/generate-client-secret"
PRIVATE = ec.generate_private_key(ec.SECP256R1())


def pem(
    kind: PrivateFormat = PrivateFormat.PKCS8, lock: KeySerializationEncryption | None = None
) -> str:
    return PRIVATE.private_bytes(Encoding.PEM, kind, lock or NoEncryption()).decode()


KEY = pem()
FIRST, *LINES, LAST = KEY.splitlines()
OLD = pem(PrivateFormat.TraditionalOpenSSL)
SPELLINGS = {
    "as it is": KEY,
    "no line end": KEY.strip(),
    "spaces for line ends": KEY.replace("\n", " "),
    "escaped line ends": KEY.replace("\n", "\\n"),
    "spaces before line ends": KEY.replace("\n", "  \t\n"),
    "words before": f"pre {KEY}",
    "a line before": f"pre\n{KEY}",
    "words behind": f"{KEY.strip()} x",
    "a line behind": f"{KEY}post",
    "indented": "  " + KEY.replace("\n", "\n  "),
    "end indented": KEY.replace("-----END", " -----END"),
    "end not on a line": KEY.replace("\n-----END", "-----END"),
    "other end": KEY.replace("END PRIVATE", "END EC PRIVATE"),
    "one line inside": f"{FIRST}\n{''.join(LINES)}\n{LAST}",
    "blank lines": KEY.replace("\n", "\n\n"),
    "a space inside": KEY[:60] + " " + KEY[60:],
    "a header": KEY.replace("KEY-----\n", "KEY-----\nA: b\n\n", 1),
    "a header without a pause": KEY.replace("KEY-----\n", "KEY-----\nA: b\n", 1),
    "other signs": KEY.replace(LINES[0], LINES[0].replace("M", "*", 1)),
    "too much at the end": KEY.replace("\n-----END", "=\n-----END"),
    "four dashes": KEY.replace("-----BEGIN", "----BEGIN"),
    "twice": KEY + KEY,
    "a broken one before": f"{FIRST}\nx\n{LAST}\n{KEY}",
    "another kind before": KEY.replace("PRIVATE KEY", "CERTIFICATE") + KEY,
    "of the older kind": OLD,
    "the older kind under the newer name": OLD.replace("EC PRIVATE", "PRIVATE"),
    "both kinds": OLD + KEY,
    "locked": pem(lock=BestAvailableEncryption(b"x")),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings(name: str, pair: Pair) -> None:
    """
    The key is found wherever the reference finds it, and nowhere else.
    """
    form = {"clientId": "c", "teamId": "x" * 10, "keyId": "y" * 10, "duration": 5}
    body = {**form, "privateKey": SPELLINGS[name]}
    pair.check(q(APPLE, "POST", body, "superuser", blur=r'(?<="secret":")[^"]*'))


@pytest.mark.parametrize("text", ["0x10", "010", "1_0", "+5", "0b1", "-0", "1.5", "09", " 5", ""])
def test_durations_of_forms(text: str, pair: Pair) -> None:
    """
    Whole numbers of forms may be written in several ways.
    """
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    pair.check(
        q(APPLE, "POST", f"duration={text.replace('+', '%2B')}", "superuser", headers=headers)
    )
