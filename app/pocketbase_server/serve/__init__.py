"""Processes and sockets: the only room that knows Granian."""
