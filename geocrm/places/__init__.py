"""Places: administrative boundaries, their neighbour graphs, and the gazetteer."""
