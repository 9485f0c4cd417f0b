"""Jobs at fixed times: the scheduler and the jobs that every server has."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from pocketbase_server.core.errors import NotFoundError
from pocketbase_server.kit.cron import Schedule, parse_cron
from pocketbase_server.services.auth import mfa, otp

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.hooks.events import AppEvent

MINUTE: Final = 60.0
_ERROR: Final = 8
"""Log level."""

Act = Callable[[], object]


@dataclass(slots=True, frozen=True)
class CronJob:
    """What runs, when, under which name."""

    id: str
    expression: str
    schedule: Schedule
    act: Act


class Crons:
    """The jobs of one application; `start()` lets their time come, in UTC.

    Of several workers only the first starts, so that a job runs once. A minute that passes while
    the machine sleeps is missed. Each run has a thread of its own.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._jobs: dict[str, CronJob] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    # -- jobs

    def add(self, id: str, expression: str, act: Act) -> None:
        """Run *act* whenever *expression* says; it takes the place of a job with the same id.

        Raises `CronError` when the expression is none.
        """
        job = CronJob(id, expression, parse_cron(expression), act)
        with self._lock:
            self._jobs = {**{k: j for k, j in self._jobs.items() if k != id}, id: job}

    def remove(self, id: str) -> None:
        """Forget a job; an unknown id is ignored."""
        with self._lock:
            self._jobs = {k: j for k, j in self._jobs.items() if k != id}

    def remove_all(self) -> None:
        """Forget every job, the built-in ones too."""
        with self._lock:
            self._jobs = {}

    def jobs(self) -> list[CronJob]:
        """Return the jobs: other people's first, then those of every server."""
        jobs = list(self._jobs.values())
        return sorted(jobs, key=lambda job: job.id.startswith("__pb"))

    def run(self, id: str) -> None:
        """Run a job now, without waiting for it; raises `NotFoundError`."""
        job = self._jobs.get(id)
        if job is None:
            raise NotFoundError("Missing or invalid cron job.")
        self._begin(job)

    def _begin(self, job: CronJob) -> None:
        name = f"cron {job.id}"
        threading.Thread(target=self._carry_out, args=(job,), name=name, daemon=True).start()

    def _carry_out(self, job: CronJob) -> None:
        try:
            job.act()
        except Exception as ex:  # noqa: BLE001 - other people's code must not end the scheduler
            data = {"id": job.id, "error": f"{type(ex).__name__}: {ex}"}
            self._app.logs.write(_ERROR, f"cron job {job.id} failed", data)

    # -- time

    @property
    def is_started(self) -> bool:
        """Whether the jobs' time comes here."""
        return self._thread is not None

    def start(self) -> None:
        """Begin to run jobs at their time; safe to call twice."""
        if self._thread is not None:
            return
        self._stop.clear()
        self._thread = threading.Thread(target=self._watch, name="crons", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Run nothing any more; what is running is not waited for. Safe to call twice."""
        self._stop.set()
        self._thread = None

    def _watch(self) -> None:
        due = _next_minute(time.time())
        while not self._stop.wait(max(0.0, due - time.time())):
            now = time.time()
            # NOTE: after a sleep, or when the clock was set, the minutes between are not made up for
            if now >= due:
                self.tick(datetime.fromtimestamp(now, UTC))
                due = _next_minute(now)
            elif due - now > MINUTE:
                due = _next_minute(now)

    def tick(self, moment: datetime) -> None:
        """Run the jobs that are due in the minute of *moment*."""
        for job in self._jobs.values():
            if job.schedule.is_due(moment):
                self._begin(job)


def _next_minute(now: float) -> float:
    return (now // MINUTE + 1) * MINUTE


# -- built-in jobs


def bind_system_jobs(app: App) -> None:
    """Add the jobs that every server has."""
    crons = app.crons
    crons.add("__pbDBOptimize__", "0 0 * * *", lambda: optimize(app))
    crons.add("__pbMFACleanup__", "0 * * * *", lambda: mfa.delete_expired(app))
    crons.add("__pbOTPCleanup__", "0 * * * *", lambda: otp.delete_expired(app))
    crons.add("__pbLogsCleanup__", "0 */6 * * *", app.logs.prune)
    bind_log_retention(app)


def bind_log_retention(app: App) -> None:
    """Remove old lines of the log as soon as the settings want fewer days of them."""
    known: list[int] = []

    def renewed(event: AppEvent) -> None:
        event.next()
        days = app.settings.current.logs.max_days
        if known and days < known[0]:
            threading.Thread(target=app.logs.prune, name="log retention", daemon=True).start()
        known[:] = [days]

    app.hooks.settings_reload.bind(renewed, id="__pbLogRetention__")


def optimize(app: App) -> None:
    """Write the write-ahead logs back and let the planner look at tables that changed much."""
    for engine in (app.data, app.auxiliary):
        engine.write_back()
        engine.optimize()
