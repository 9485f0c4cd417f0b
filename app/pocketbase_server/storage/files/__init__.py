"""[plug-in room] File stores."""
