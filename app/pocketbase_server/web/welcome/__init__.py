"""One plain page until the dashboard is here: markup, style and script."""
