"""The one place the version is written."""

__version__ = "0.1.0"

REFERENCE_VERSION = "0.40.6"
"""The PocketBase release whose API and files this version speaks."""
