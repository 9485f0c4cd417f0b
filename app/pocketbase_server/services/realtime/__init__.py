"""Realtime: who listens to what, what they may see, and how it reaches them."""
