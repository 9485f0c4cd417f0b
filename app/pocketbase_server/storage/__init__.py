"""Bytes and SQL: data directories, databases, file stores, news between workers."""
