"""Certificates: asked for over ACME, kept, renewed, and the plain port where that is proved."""
