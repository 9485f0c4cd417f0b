"""
What the options of each field type must be.
"""

from __future__ import annotations

import pytest

REQUIRED, LOW, HIGH = (
    "validation_required",
    "validation_min_greater_equal_than_required",
    "validation_max_less_equal_than_required",
)
SAFE = (1 << 53) - 1
ID = {"primaryKey": True, "required": True, "pattern": "^[a-z]+$", "name": "id"}
JUDGED = [
    ("text", {"min": -1}, {"min": LOW}),
    ("text", {"min": 5, "max": 3}, {"max": LOW}),
    ("text", {"max": SAFE}, {}),
    ("text", {"max": SAFE + 1}, {"max": HIGH}),
    ("text", {"pattern": "("}, {"pattern": "validation_invalid_regex"}),
    ("text", {"pattern": "(?=a)"}, {"pattern": "validation_invalid_regex"}),
    ("text", {"autogeneratePattern": "[a-z]{3}"}, {}),
    ("text", {"autogeneratePattern": "[a-z]{3}", "min": 5}, {"autogeneratePattern": "validation_invalid_autogenerate_pattern_value"}),
    ("text", ID, {}),
    ("text", {**ID, "pattern": "", "required": False, "hidden": True}, {"pattern": REQUIRED, "required": REQUIRED, "hidden": "validation_empty"}),
    ("text", {**ID, "name": "key"}, {"name": "validation_in_invalid"}),
    ("text", {"help": "x" * 301}, {"help": "validation_length_out_of_range"}),
    ("number", {"min": 5, "max": 1}, {"max": "validation_min_number_constraint"}),
    ("number", {"min": 1.5, "onlyInt": True}, {"min": "validation_only_int_constraint"}),
    ("email", {"onlyDomains": ["a.b"], "exceptDomains": ["a.b"]}, {"onlyDomains": "validation_empty", "exceptDomains": "validation_empty"}),
    ("url", {"onlyDomains": ["a.co", "no domain"]}, {"onlyDomains": {"1": "validation_is_domain"}}),
    ("autodate", {}, {"onCreate": REQUIRED, "onUpdate": REQUIRED}),
    ("autodate", {"onUpdate": True}, {}),
    ("select", {}, {"values": REQUIRED}),
    ("select", {"values": ["a"], "maxSelect": 2}, {"maxSelect": HIGH}),
    ("select", {"values": ["a"], "maxSelect": -1}, {"maxSelect": LOW}),
    ("json", {"maxSize": -1}, {"maxSize": LOW}),
    ("editor", {"maxSize": SAFE + 1}, {"maxSize": HIGH}),
    ("file", {"thumbs": ["100x100", "0x50", "5x5t", "0x0", "x"]}, {"thumbs": {"3": "validation_not_in_invalid", "4": "validation_match_invalid"}}),
    ("relation", {}, {"collectionId": REQUIRED}),
    ("relation", {"collectionId": "nope"}, {"collectionId": "validation_field_relation_missing_collection"}),
    ("relation", {"collectionId": "col", "minSelect": 2}, {"maxSelect": REQUIRED}),
    ("relation", {"collectionId": "col", "minSelect": 3, "maxSelect": 2}, {"maxSelect": LOW}),
    ("password", {"cost": 3}, {"cost": LOW}),
    ("password", {"cost": 32, "max": 72}, {"cost": HIGH, "max": HIGH}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "options", "expected"), JUDGED, ids=str)
def test_judged(issues, kind, options, expected):
    """Options are taken, or refused each under its code."""
    assert issues(kind, **options) == expected


def test_one_primary_key(issues):
    """A second primary key is refused."""
    other = {"type": "text", "name": "other", "primaryKey": True}

    assert issues("text", other, **ID) == {"primaryKey": "validation_unsupported_composite_pk"}


NAMES = {
    "": REQUIRED,
    "a b": "validation_match_invalid",
    "ä": "validation_match_invalid",
    "x" * 101: "validation_length_out_of_range",
    "expand": "validation_not_in_invalid",
    "_rowid_": "validation_not_in_invalid",
    "a_VIA_b": "validation_found_via",
}


@pytest.mark.parametrize("name", NAMES)
def test_names(issues, name):
    """A name is a word that nothing else uses."""
    assert issues("bool", name=name) == {"name": NAMES[name]}
