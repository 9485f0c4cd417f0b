"""Use cases: verbs that take the App and answer in domain objects."""
