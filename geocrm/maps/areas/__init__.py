"""Areas that people keep to filter by: drawn on the map, or out of files."""
