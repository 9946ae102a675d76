"""Tries against a real Nominatim; run by `make test-nominatim` alone."""
