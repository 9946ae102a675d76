"""The map: one filter language, and the tiles, lists, counts and searches that speak it."""
