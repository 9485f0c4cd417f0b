"""Records: model, storage inside hooks, queries, forms, expand, cascade."""
