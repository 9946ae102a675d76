"""Territories: who is responsible for which ground, whether it is fair, and what if we move it."""
