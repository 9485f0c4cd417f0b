"""PocketBase in Python."""
