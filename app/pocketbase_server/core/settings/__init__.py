"""The stored settings: their shape, their defaults, and how they are kept."""
