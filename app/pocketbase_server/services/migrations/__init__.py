"""System migrations and their history."""
