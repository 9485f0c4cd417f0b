"""
CREATE INDEX texts: read, normalised, rewritten.
"""

from __future__ import annotations

import pytest
from pocketbase_server.core.collections.indexes import (
    default_auth_indexes,
    has_single_column_unique,
    parse_index,
    renamed_column,
    renamed_table,
    without_column,
)

PLAIN = "CREATE INDEX `i` ON `t` (`a`)"
READ = {
    "create index i on t (a)": PLAIN,
    "CREATE INDEX 'i' ON [t] (\"a\")": PLAIN,
    "  create\n index\ti on\tt\n(\n a \n)  ": PLAIN,
    "create unique index if not exists main.i on t(a)": "CREATE UNIQUE INDEX IF NOT EXISTS `main`.`i` ON `t` (`a`)",
    "create index i on t (a, b desc)": "CREATE INDEX `i` ON `t` (\n  `a`,\n  `b` DESC\n)",
    "create index i on t (a collate nocase asc)": "CREATE INDEX `i` ON `t` (`a` COLLATE nocase ASC)",
    "create index i on t (lower(a), b)": "CREATE INDEX `i` ON `t` (\n  lower(a),\n  `b`\n)",
    "create index i on t (a) where a != ''": "CREATE INDEX `i` ON `t` (`a`) WHERE a != ''",
}  # fmt: skip
NONE = [
    "",
    "nonsense",
    "create index on t (a)",
    "create index i on t ()",
    "drop table t",
    "create index i on t (a",
]


@pytest.mark.parametrize("text", READ)
def test_normalised(text):
    """However it is written, one index has one text, and that text reads the same again."""
    built = parse_index(text).build()

    assert built == READ[text]
    assert parse_index(built).build() == built


@pytest.mark.parametrize("text", NONE)
def test_no_index(text):
    """What cannot be understood is told apart, not guessed at."""
    assert not parse_index(text).is_valid


def test_table_is_renamed():
    """Only texts that name another table are written anew."""
    mine, other = "create index i on t (a)", "create index j on other (a)"

    assert renamed_table([mine, other, "nonsense"], "t") == [
        mine,
        "CREATE INDEX `j` ON `t` (`a`)",
        "nonsense",
    ]


def test_column_is_renamed_and_dropped():
    """A column is found whatever its case; expressions keep their words."""
    texts = ["create index i on t (A)", "create index j on t (lower(a))"]

    assert renamed_column(texts, "a", "b") == ["CREATE INDEX `i` ON `t` (`b`)", texts[1]]
    assert without_column(texts, "a") == texts[1:]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("create unique index i on t (a)", (True, False)),
        ("create unique index i on t (A collate NOCASE)", (True, True)),
        ("create unique index i on t (a) where a != ''", (True, False)),
        ("create unique index i on t (a, b)", (False, False)),
        ("create index i on t (a)", (False, False)),
    ],
)
def test_unique_columns(text, expected):
    """A column is unique by an index on it alone; whether case counts is told too."""
    assert has_single_column_unique(["nonsense", text], "a") == expected


def test_default_indexes_of_auth():
    """Token key and e-mail are unique, blank e-mails aside."""
    first, second = default_auth_indexes("pbc_1", "people").values()

    assert first == "CREATE UNIQUE INDEX `idx_tokenKey_pbc_1` ON `people` (`tokenKey`)"
    assert second.endswith("ON `people` (`email`) WHERE `email` != ''")
