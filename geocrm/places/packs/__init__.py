"""Region packs: one OpenStreetMap extract as streets, addresses, areas, places and a road graph."""
