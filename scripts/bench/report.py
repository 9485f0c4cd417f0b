"""
The printed table and the JSON file.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.bench.load import Outcome

HEAD = (
    f"{'row':32} {'requests/s':>17} {'p50 ms':>15} {'p99 ms':>15} {'CPU µs/request':>17}"
    f" {'rate':>7} {'CPU':>6}"
)
SIDES = (
    f"{'':32} {'ref':>8} {'ours':>8} {'ref':>7} {'ours':>7} {'ref':>7} {'ours':>7}"
    f" {'ref':>8} {'ours':>8} {'o/r':>7} {'o/r':>6}"
)


@dataclass(slots=True)
class Report:
    """Everything measured; prints each row as soon as it is known."""

    rows: dict[str, dict[str, Outcome]] = field(default_factory=dict)
    facts: dict[str, dict[str, float]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def head(self) -> None:
        """Print the two head lines."""
        print(HEAD, SIDES, sep="\n", flush=True)

    def row(self, name: str, theirs: Outcome, ours: Outcome) -> None:
        """Remember and print one row."""
        self.rows[name] = {"reference": theirs, "ours": ours}
        print(
            f"{name:32} {theirs.rate:8.0f} {ours.rate:8.0f} {theirs.p50_ms:7.2f} {ours.p50_ms:7.2f}"
            f" {theirs.p99_ms:7.2f} {ours.p99_ms:7.2f} {theirs.cpu_us:8.0f} {ours.cpu_us:8.0f}"
            f" {ratio(ours.rate, theirs.rate):>7} {ratio(ours.cpu_us, theirs.cpu_us):>6}",
            flush=True,
        )
        for who, outcome in self.rows[name].items():
            if outcome.failed or outcome.socket_errors:
                self.problem(
                    f"{name}: {who} gave {outcome.failed} answers that are not 2xx"
                    f" and {outcome.socket_errors} socket errors"
                )

    def fact(self, name: str, theirs: float, ours: float, unit: str) -> None:
        """Remember and print a single figure per side."""
        self.facts[f"{name} ({unit})"] = {"reference": theirs, "ours": ours}
        text = f"{name} ({unit})"
        print(f"{text:32} {theirs:8.2f} {ours:8.2f} {'':67}{ratio(ours, theirs):>7}", flush=True)

    def problem(self, text: str) -> None:
        """Remember something that makes a figure doubtful, and say it at once."""
        self.problems.append(text)
        print(f"  ! {text}", flush=True)

    def save(self, path: Path) -> None:
        """Write everything as JSON."""
        rows = {
            name: {who: asdict(outcome) for who, outcome in sides.items()}
            for name, sides in self.rows.items()
        }
        whole = {"rows": rows, "facts": self.facts, "problems": self.problems}
        path.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n")


def ratio(ours: float, theirs: float) -> str:
    """Return ours divided by theirs, as people read it."""
    return f"{ours / theirs:.2f}x" if theirs else "-"
