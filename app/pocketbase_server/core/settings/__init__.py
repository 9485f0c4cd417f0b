"""Stored settings: model, validation, encryption at rest."""
