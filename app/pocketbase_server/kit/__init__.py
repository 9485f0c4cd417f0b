"""Leaf helpers that import nothing of ours."""
