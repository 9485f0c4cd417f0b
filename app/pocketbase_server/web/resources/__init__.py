"""Doormen: one file per API group; read, ask a service, answer."""
