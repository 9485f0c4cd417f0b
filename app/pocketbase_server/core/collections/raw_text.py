"""Issues as they read inside another error, where no edge has made sentences of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.errors import Issue

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOWERED: Final = frozenset(
    {
        "validation_required",
        "validation_empty",
        "validation_nil",
        "validation_nil_or_not_empty_required",
        "validation_in_invalid",
        "validation_not_in_invalid",
        "validation_match_invalid",
        "validation_length_out_of_range",
        "validation_length_too_long",
        "validation_min_greater_equal_than_required",
        "validation_max_less_equal_than_required",
        "validation_is_domain",
        "validation_is_url",
        "validation_invalid_regex",
    }
)
"""The codes of messages that are no sentences by themselves."""
_ENDLESS: Final = frozenset(
    {
        "validation_invalid_rule",
        "validation_invalid_view_query",
        "validation_duplicated_field_name",
        "validation_duplicated_field_id",
        "validation_min_number_constraint",
        "validation_max_number_constraint",
        "validation_invalid_autogenerate_pattern_value",
    }
)
"""The codes of messages that lack only the full stop."""


def raw_text(issue: Issue) -> str:
    """Return the message of an issue as the reference words it before it makes a sentence of it."""
    text = issue.message
    if issue.code in _ENDLESS:
        return text.removesuffix(".")
    # COMPAT: names of primary keys are refused under a common code in a sentence of their own
    if issue.code not in _LOWERED or text.startswith("The primary key"):
        return text
    return text[:1].lower() + text[1:].removesuffix(".")


def raw_texts(issues: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tree of issues with the raw text of each."""
    return {
        key: raw_text(item) if isinstance(item, Issue) else raw_texts(item)
        for key, item in issues.items()
    }
