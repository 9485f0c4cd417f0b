"""
Scheduled jobs: listed and run.
"""

from __future__ import annotations

import pytest

from tests.scenario import Pair, Scenario, as_each, q

pytestmark = pytest.mark.parity

CRONS = "/api/crons"


def run(job: str, who: str = "superuser") -> Scenario:
    return q(f"{CRONS}/{job}", "POST", who=who)


def test_jobs(pair: Pair) -> None:
    """
    The same jobs, at the same times, for superusers only.
    """
    pair.check(
        *as_each(q(CRONS), "guest", "alice", "superuser"),
        q(f"{CRONS}?fields=id", who="superuser"),
        q(f"{CRONS}/__pbLogsCleanup__", who="superuser"),
        *map(run, ("nope", "__pbLogsCleanup__", "__pbOTPCleanup__", "__pbMFACleanup__")),
        *map(run, ("__pbDBOptimize__", "__pbAutoBackup__", "")),
        run("__pbLogsCleanup__", "guest"),
        q("/api/settings", "PATCH", {"backups": {"cron": "5 4 * * *"}}, who="superuser"),
        q(CRONS, who="superuser"),
        q("/api/settings", "PATCH", {"backups": {"cron": ""}}, who="superuser"),
        q(CRONS, who="superuser"),
    )
