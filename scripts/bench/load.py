"""
The load generator: wrk with a Lua script made for each row.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, fields
from statistics import median
from typing import TYPE_CHECKING

from scripts.http_client import AGENT

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.bench.rows import Request, Row
    from scripts.servers import Server

MARK = "RESULT "
SCRIPT = """
local lines, at, last = {}, 0, 0
for line in io.lines("%(requests)s") do lines[#lines + 1] = line end
local ready = {}
function init(args)
  for i, line in ipairs(lines) do
    local method, path, token, body = line:match("^(%%S+)\\t(%%S+)\\t(%%S*)\\t(.*)$")
    local headers = {["User-Agent"] = "%(agent)s"}
    if token ~= "" then headers["Authorization"] = token end
    if body ~= "" then headers["Content-Type"] = "application/json" else body = nil end
    ready[i] = {method, path, headers, body}
  end
  if not %(once)s then
    for i, r in ipairs(ready) do ready[i] = wrk.format(r[1], r[2], r[3], r[4]) end
  end
end
function request()
  at = at + 1
  if not %(once)s then
    if at > #ready then at = 1 end
    return ready[at]
  end
  local r = ready[math.min(at, #ready)]
  return wrk.format(r[1], r[2], r[3], r[4])
end
function done(summary, latency, requests)
  io.write(string.format(
    '%(mark)s{"requests":%%d,"us":%%d,"p50":%%d,"p99":%%d,"status":%%d,"socket":%%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    summary.errors.status, summary.errors.connect + summary.errors.read
      + summary.errors.write + summary.errors.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one server did under one row."""

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    failed: int
    socket_errors: int


def middle(outcomes: list[Outcome]) -> Outcome:
    """Return the median of every figure of several runs, and the sum of what failed in them."""
    middles = {
        field.name: median(getattr(outcome, field.name) for outcome in outcomes)
        for field in fields(Outcome)
    }
    failed = sum(outcome.failed for outcome in outcomes)
    broken = sum(outcome.socket_errors for outcome in outcomes)
    return Outcome(**{**middles, "failed": failed, "socket_errors": broken})


def missing() -> str:
    """Return what has to be installed before the bench can run, or nothing."""
    if shutil.which("wrk"):
        return ""
    return "the bench drives servers with `wrk`, which is missing: apt-get install wrk"


def drive(server: Server, row: Row, requests: list[Request], seconds: float, home: Path) -> Outcome:
    """Warm the row up, then measure it."""
    half = len(requests) // 4 if row.once else 0
    _wrk(server, row, requests[:half] if row.once else requests, min(1.0, seconds / 3), home)
    before = server.cpu_seconds()
    said = _wrk(server, row, requests[half:], seconds, home)
    spent = server.cpu_seconds() - before
    count = max(1, said["requests"])
    return Outcome(
        rate=said["requests"] / (said["us"] / 1e6),
        p50_ms=said["p50"] / 1000,
        p99_ms=said["p99"] / 1000,
        cpu_us=spent * 1e6 / count,
        failed=said["status"],
        socket_errors=said["socket"],
    )


def _wrk(
    server: Server, row: Row, requests: list[Request], seconds: float, home: Path
) -> dict[str, int]:
    listing, script = home / "requests.txt", home / "row.lua"
    listing.write_text("".join(f"{r.method}\t{r.path}\t{r.token}\t{r.body}\n" for r in requests))
    once = "true" if row.once else "false"
    script.write_text(SCRIPT % {"requests": listing, "agent": AGENT, "once": once, "mark": MARK})
    wide = f"-c{min(row.connections, 16) if row.once else row.connections}"
    length = f"-d{max(1, round(seconds))}"
    line = ["wrk", "-t1", wide, length, "--timeout", "30s", "-s", str(script), server.url]
    done = subprocess.run(line, capture_output=True, text=True, timeout=seconds + 90, check=False)
    for text in done.stdout.splitlines():
        if text.startswith(MARK):
            return dict(json.loads(text.removeprefix(MARK)))
    raise RuntimeError(f"wrk said nothing: {done.stdout}{done.stderr}")
