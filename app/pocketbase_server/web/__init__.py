"""The HTTP edge: the only room that knows Falcon."""
