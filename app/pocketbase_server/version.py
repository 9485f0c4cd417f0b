"""The one place the version is written."""

__version__ = "0.1.0"

REFERENCE_VERSION = "0.40.6"
"""The PocketBase release whose API and files this version speaks."""

COMMIT = ""
"""The commit a released executable was made from; empty when run from source."""

BUILT = ""
"""The moment a released executable was made, as `2026-01-31T12:00:00Z`; empty when run from source."""
