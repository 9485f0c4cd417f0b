"""The `pocketbase` command."""
