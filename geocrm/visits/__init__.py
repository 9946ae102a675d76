"""Visits: whom a rep sees on a day, in what order, and what came of it."""
