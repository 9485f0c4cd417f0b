"""[plug-in room] Field types, one file each; `FIELD_TYPES` is the table."""
