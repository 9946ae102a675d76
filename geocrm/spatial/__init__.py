"""Algorithms someone could take away and use alone: arrays in, result out."""
