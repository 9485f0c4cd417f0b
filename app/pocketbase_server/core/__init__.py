"""The domain: collections, fields, records, rules, hooks, settings. Knows nothing of HTTP."""
