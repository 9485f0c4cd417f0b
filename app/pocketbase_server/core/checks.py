"""Issues and checks that options of fields and collections share."""

from __future__ import annotations

from typing import Any

from pocketbase_server.core.errors import REQUIRED, Issue
from pocketbase_server.kit.regex import RegexError, compile_pattern
from pocketbase_server.kit.text import sentence

MAX_NAME = 100
MAX_SAFE = (1 << 53) - 1
"""The largest whole number that JavaScript holds exactly."""
RESERVED_NAMES = frozenset(
    {"null", "true", "false", "_rowid_", "collectionId", "collectionName", "expand"}
)
INVALID_FORMAT = Issue("validation_invalid_format", "Invalid value format.")
MATCH_INVALID = Issue("validation_match_invalid", "Must be in a valid format.")
NOT_IN_INVALID = Issue("validation_not_in_invalid", "Must not be in list.")
MUST_BE_BLANK = Issue("validation_empty", "Must be blank.")


def at_least(threshold: Any, shown: object = None) -> Issue:
    """Return the issue of a value below *threshold*."""
    message = f"Must be no less than {threshold if shown is None else shown}."
    return Issue("validation_min_greater_equal_than_required", message, {"threshold": threshold})


def at_most(threshold: Any, shown: object = None) -> Issue:
    """Return the issue of a value above *threshold*."""
    message = f"Must be no greater than {threshold if shown is None else shown}."
    return Issue("validation_max_less_equal_than_required", message, {"threshold": threshold})


def length_between(low: int, high: int) -> Issue:
    """Return the issue of a text that is too short or too long."""
    message = f"The length must be between {low} and {high}."
    return Issue("validation_length_out_of_range", message, {"max": high, "min": low})


_FOUND_VIA = Issue("validation_found_via", 'The value cannot contain "_via_".')


def name_issue(name: str) -> Issue | None:
    """Return why *name* is no name for a field, or None."""
    issue = word_issue(name, MAX_NAME)
    if issue is not None:
        return issue
    if name in RESERVED_NAMES:
        return NOT_IN_INVALID
    return via_issue(name)


def word_issue(text: str, high: int) -> Issue | None:
    """Return why *text* is no word of up to *high* bytes, or None."""
    if not text:
        return REQUIRED
    return length_issue(text, high) or (None if is_word(text) else MATCH_INVALID)


def is_word(text: str) -> bool:
    """Tell whether a text is made of ASCII letters, digits and `_` only."""
    return text.isascii() and text.replace("_", "a").isalnum()


def via_issue(text: str) -> Issue | None:
    """Return the issue of a name that would read as a back-relation."""
    return _FOUND_VIA if "_via_" in text.lower() else None


def length_issue(text: str, high: int, low: int = 1) -> Issue | None:
    """Return the issue of a text of more than *high* bytes, or None."""
    return length_between(low, high) if byte_length(text) > high else None


def byte_length(text: str) -> int:
    """Return how long a text is where limits count bytes, not characters."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def range_issue(value: int, low: int, high: int = MAX_SAFE) -> Issue | None:
    """Return the issue of a number option out of bounds; 0 means not set."""
    if value == 0 or low <= value <= high:
        return None
    return at_least(low) if value < low else at_most(high)


def regex_issue(pattern: str) -> Issue | None:
    """Return why *pattern* is no regular expression, or None."""
    try:
        compile_pattern(pattern)
    except RegexError as ex:
        return Issue("validation_invalid_regex", sentence(str(ex)))
    return None


def fits(pattern: str, text: str) -> bool:
    """Tell whether *text* is of the shape that *pattern* describes; nothing is of none."""
    try:
        return compile_pattern(pattern).matches(text)
    except RegexError:
        return False


# COMPAT: capitals may stand anywhere but at the end of a label, and the blank is the reference's
_DOMAIN = compile_pattern(
    r"^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-zA-Z]{1,63}| xn--[a-z0-9]{1,59})$"
)
_NO_DOMAIN = Issue("validation_is_domain", "Must be a valid domain.")


def domain_issues(only: list[str], never: list[str]) -> dict[str, Any]:
    """Return the issues of the options `onlyDomains` and `exceptDomains`, which exclude each other."""
    if only and never:
        return {"onlyDomains": MUST_BE_BLANK, "exceptDomains": MUST_BE_BLANK}
    return {"onlyDomains": _each_domain(only), "exceptDomains": _each_domain(never)}


def _each_domain(domains: list[str]) -> dict[str, Issue]:
    return {
        str(at): _NO_DOMAIN
        for at, domain in enumerate(domains)
        if domain and not _DOMAIN.matches(domain)
    }
