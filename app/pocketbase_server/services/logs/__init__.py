"""The activity log: written in bulk, read by superusers."""
