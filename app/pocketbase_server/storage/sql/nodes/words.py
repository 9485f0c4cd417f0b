"""What the nodes ask of a dialect: the expressions that engines write differently."""

from __future__ import annotations

from typing import Protocol


class Words(Protocol):
    """The expressions of one dialect; arguments are SQL text of parts already written."""

    row_number: str
    """The hidden column that says in which order rows came."""

    def name(self, name: str) -> str:
        """Return an identifier in quotes."""
        ...

    def items(self, value: str) -> str:
        """Return a table with a column `value`: the items of a list, or the one value there is."""
        ...

    def plain_items(self, value: str) -> str:
        """Return the same for what is known to be a list."""
        ...

    def length(self, value: str) -> str:
        """Return how many items a list column holds; 0 when it is blank."""
        ...

    def json_part(self, value: str, path: str) -> str:
        """Return what stands at *path* (`.a[0].b` or blank) as a plain SQL value."""
        ...

    def distance(self, points: tuple[str, str, str, str]) -> str:
        """Return the kilometres between two places: lon, lat, lon, lat."""
        ...

    def time_text(self, parts: list[str]) -> str:
        """Return a time value as text: format, time, modifiers."""
        ...


class SqliteWords:
    """SQLite's expressions."""

    row_number = "_rowid_"

    def name(self, name: str) -> str:
        """Return an identifier in quotes."""
        return "`" + name.replace("`", "``") + "`"

    def items(self, value: str) -> str:
        """Return a table with a column `value`: the items of a list, or the one value there is."""
        return f"json_each({_as_list(value, f'json_array({value})')})"

    def plain_items(self, value: str) -> str:
        """Return the same for what is known to be a list."""
        return f"json_each({value})"

    def length(self, value: str) -> str:
        """Return how many items a list column holds; 0 when it is blank."""
        blank = f"{value} = '' OR {value} IS NULL"
        other = f"(CASE WHEN {blank} THEN json_array() ELSE json_array({value}) END)"
        return f"json_array_length({_as_list(value, other)})"

    def json_part(self, value: str, path: str) -> str:
        """Return what stands at *path* (`.a[0].b` or blank) as a plain SQL value."""
        # COMPAT: text that is no JSON counts as a JSON string
        return (
            f"(CASE WHEN json_valid({value}) THEN json_extract({value}, '${path}')"
            f" ELSE json_extract(json_object('pb', {value}), '$.pb{path}') END)"
        )

    def distance(self, points: tuple[str, str, str, str]) -> str:
        """Return the kilometres between two places: lon, lat, lon, lat."""
        lon_a, lat_a, lon_b, lat_b = points
        return (
            "(6371 * acos(min(1, max(-1,"
            f" cos(radians({lat_a})) * cos(radians({lat_b}))"
            f" * cos(radians({lon_b}) - radians({lon_a}))"
            f" + sin(radians({lat_a})) * sin(radians({lat_b}))))))"
        )

    def time_text(self, parts: list[str]) -> str:
        """Return a time value as text: format, time, modifiers."""
        return f"strftime({', '.join(parts)})"


def _as_list(value: str, other: str) -> str:
    # PERF: looking at the first character is cheaper than `json_type`, which parses once more
    quick = f"json_valid({value}) AND substr({value}, 1, 1) = '['"
    slow = f"iif(json_valid({value}), json_type({value}) = 'array', FALSE)"
    return f"CASE WHEN {quick} THEN {value} WHEN {slow} THEN {value} ELSE {other} END"
