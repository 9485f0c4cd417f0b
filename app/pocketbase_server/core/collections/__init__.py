"""Collections: model, options, validation, storage and its cache, schema sync, import."""
