"""
A headless Chromium, driven through its debugging pipe: the standard library is enough.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import re
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio",
    "--remote-debugging-pipe", "--window-size=1000,700",
)  # fmt: skip
REFUSAL = re.compile(
    r"Failed to load resource: the server responded with a status of 4\d\d .*/api/"
)


def find_chromium() -> str | None:
    """Return the browser's path, or None when there is none."""
    chosen = os.environ.get("CHROMIUM")
    return chosen or next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One browser with one page."""

    def __init__(self, program: str, patience: float = 60.0) -> None:
        self._program = program
        self._patience = patience
        self._last = 0
        self._unread = b""
        self._session = ""
        self.problems: list[str] = []
        """What the page complained about: errors of scripts, refused resources."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(
            prefix="pb_chromium_", ignore_cleanup_errors=True
        )
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        # NOTE: the browser reads its descriptor 3 and writes 4; ours must not be those by chance
        ends = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (theirs_in, theirs_out)]
        self._process = subprocess.Popen(
            [self._program, *FLAGS, f"--user-data-dir={self._folder.name}", "about:blank"],
            pass_fds=(3, 4),
            preexec_fn=lambda: [os.dup2(fd, place) for fd, place in zip(ends, (3, 4), strict=True)],  # noqa: PLW1509
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for fd in (theirs_in, theirs_out, *ends):
            os.close(fd)
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._own = {t["targetId"] for t in self._ask("Target.getTargets")["targetInfos"]}
        attached = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._ask(f"{domain}.enable")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        os.close(self._out)
        os.close(self._in)
        self._folder.cleanup()

    @property
    def faults(self) -> list[str]:
        """Return the problems that are no mere answers of refusal."""
        return [problem for problem in self.problems if not REFUSAL.match(problem)]

    # -- the page

    def open(self, url: str) -> None:
        """Go to a page and wait until it is loaded."""
        self._ask("Page.navigate", url="about:blank")
        self._ask("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def value(self, script: str) -> Any:
        """Return what an expression on the page gives; promises are waited for."""
        found = self._ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in found:
            raise AssertionError(found["exceptionDetails"])
        return found["result"].get("value")

    def wait(self, script: str) -> None:
        """Wait until an expression on the page is true."""
        end = time.monotonic() + self._patience
        while not self.value(script):
            if time.monotonic() > end:
                raise AssertionError(f"never true: {script}\n{self.text()}\n{self.problems}")
            time.sleep(0.05)

    def text(self) -> str:
        """Return what can be read on the page."""
        return str(self.value("document.body.innerText"))

    def type(self, selector: str, text: str) -> None:
        """Type into a field, in place of what it holds."""
        self.value(f"(e => {{ e.focus(); e.select?.() }})(document.querySelector({selector!r}))")
        self._ask("Input.insertText", text=text)

    def press_enter(self) -> None:
        """Press Enter where the focus is."""
        for kind in ("keyDown", "keyUp"):
            self._ask(
                "Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r",
                windowsVirtualKeyCode=13,
            )  # fmt: skip

    def click(self, selector: str) -> None:
        """Click on the middle of an element."""
        box = self.value(
            f"(r => [r.x + r.width / 2, r.y + r.height / 2])(document.querySelector({selector!r}).getBoundingClientRect())"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self._ask(
                "Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1
            )  # fmt: skip

    def screenshot(self, path: Path) -> None:
        """Store what the page looks like."""
        path.write_bytes(base64.b64decode(self._ask("Page.captureScreenshot")["data"]))

    # -- other windows, opened by the page

    def in_window(self, url: str, script: str) -> Any:
        """Wait for a window whose address begins with *url*, and run an expression in it."""
        target = self._until(lambda: next((t for t in self._windows() if t["url"].startswith(url)), None), url)  # fmt: skip
        found = self._ask("Target.attachToTarget", None, targetId=target["targetId"], flatten=True)
        session = found["sessionId"]
        ready = {"expression": "document.readyState === 'complete'", "returnByValue": True}
        self._until(lambda: self._ask("Runtime.evaluate", session, **ready)["result"]["value"], url)
        evaluated = self._ask("Runtime.evaluate", session, expression=script, returnByValue=True)
        assert "exceptionDetails" not in evaluated, evaluated
        return evaluated["result"].get("value")

    def wait_alone(self) -> None:
        """Wait until no other window is open."""
        self._until(lambda: not self._windows(), "no other window")

    def close_windows(self) -> None:
        """Close all other windows."""
        for target in self._windows():
            self._ask("Target.closeTarget", None, targetId=target["targetId"])
        self.wait_alone()

    def _windows(self) -> list[dict[str, Any]]:
        found = self._ask("Target.getTargets", None)["targetInfos"]
        return [t for t in found if t["type"] == "page" and t["targetId"] not in self._own]

    def _until(self, ask: Callable[[], Any], what: str) -> Any:
        end = time.monotonic() + self._patience
        while not (found := ask()):
            if time.monotonic() > end:
                raise AssertionError(f"never came: {what}\n{self._windows()}\n{self.problems}")
            time.sleep(0.05)
        return found

    # -- the pipe

    def _ask(self, method: str, session: str | None = "", **params: Any) -> dict[str, Any]:
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": params}
        session = self._session if session == "" else session
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]  # type: ignore[no-any-return]
            self._note(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._in], [], [], self._patience)
            piece = os.read(self._in, 1 << 20) if ready else b""
            if not piece:
                raise AssertionError("the browser does not answer")
            self._unread += piece
        head, _, self._unread = self._unread.partition(b"\0")
        return json.loads(head)  # type: ignore[no-any-return]

    def _note(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            self.problems.append(str(params["exceptionDetails"]))
        elif event.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.problems.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
