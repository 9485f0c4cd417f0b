"""The OpenAPI document of this server, made from its routes and collections, and a page to read it."""
