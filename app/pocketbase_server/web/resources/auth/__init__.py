"""Doormen of the ways to sign in."""
