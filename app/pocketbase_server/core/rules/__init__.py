"""The rule and filter language: text to tree to SQL, compiled once and cached."""
