"""What is printed when the server takes requests."""

from __future__ import annotations

from datetime import datetime


def print_banner(url: str) -> None:
    """Say where the API and the dashboard are."""
    stamp = datetime.now().strftime("%Y/%m/%d %H:%M:%S")  # noqa: DTZ005 - the operator's clock
    lines = (
        f"{stamp} Server started at {url}",
        f"├─ REST API:  {url}/api/",
        f"└─ Dashboard: {url}/_/",
    )
    print("\n".join(lines), flush=True)
