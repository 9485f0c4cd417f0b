"""
Values that are sent as text: which numbers, moments and addresses they are.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tests.parity.definitions import ALL
from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

KINDS = f"{ALL}/kinds/records"

NUMBERS = [
    "0x1p-2", "0X1.8P1", "-0x1.8p1", "0x_1p4", "0x.8p1", "0x1.p1", "0x1_0p0", "0x1__0p0", "0x1_.8p0", "0x1._8p0", "0x1", "0x1.8", "0xp1", "0x1p", "1p4",
    "0x1p1_0", "0x1p1024", "0x1p-1080", "0x1e5", "0b1p1", "-nan", "+nan", "nan", "-inf", "+Infinity", "1_000", "1__0", "_1", "1e1_0", "1e400", "+.5e-3",
]  # fmt: skip
MOMENTS = [
    "2024-01-02  03:04:05", "2024-01-02   3:04:05.678Z", "2024-01-02  03:04:05,5", "2024-01-02 03:04:05  +02:00", "2024-01-02  03:04:05+0200",
    "2024-01-02  03:04:05  +0200  CEST", "Tue,  02 Jan  2024  03:04:05  MST", "Tue Jan  2 03:04:05 2024", "Tue Jan   2  03:04:05  2024", "02  Jan  24  03:04  MST",
    "02  Jan  2024", "Jan   2  03:04:05", "2024-01-02+03:04:05+0200", "2024-01-02  ", "  2024-01-02", "2024-01-02 \t03:04:05", "02 Jan 24 3:04 MST",
]  # fmt: skip
STARTS = (
    "http://",
    "",
    "ht!tp://",
    "1http://",
    "//",
    "http:",
    ":",
    "#",
    "http://u|@",
    "http://u@v@",
    "http:///",
)
HOSTS = (
    "a.co", "a.co:", "a.co:x", "a:b:80", "a%41.co", "a%c3.co", "a^b.co", "[::1]", "[::g]", "[1::2::3]", "[fe80::1%25en0]", "[fe80::1%en0]", "[::ffff:1.2.3.4]",
    "[1.2.3.4]", "[1:2:3:4:5:6:7::]", "[::1]8", "[::1",
)  # fmt: skip
ENDS = ("", "/%zz", "?%zz", "#%zz", "/x|y", "#\x01")


def _stored(field: str, value: Any) -> list[Scenario]:
    made = f"{KINDS}/valued000000001"
    return [
        q(f"{KINDS}?fields={field}", "POST", {"id": "valued000000001", field: value}),
        q(made, "DELETE"),
    ]


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers(text: str, pair: Pair) -> None:
    """Numbers may be written to the base of 16 and with underscores, but not any how."""
    pair.check(*_stored("number", text), *_stored("number_strict", text))


@pytest.mark.parametrize("text", MOMENTS)
def test_moments(text: str, pair: Pair) -> None:
    """Where a moment has a space it may have several."""
    pair.check(*_stored("date", text))


@pytest.mark.parametrize("start", STARTS)
def test_urls(start: str, pair: Pair) -> None:
    """Addresses that no browser would read are none."""
    texts = [start + host + end for host, end in product(HOSTS, ENDS)]
    # NOTE: what cannot be an e-mail address makes sure that nothing is stored
    pair.check(*(q(KINDS, "POST", {"url": text, "email": "!"}) for text in texts))
