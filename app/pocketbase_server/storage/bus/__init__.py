"""[plug-in room] News between workers."""
