"""The pages and the public API: the only room that knows Flask."""
