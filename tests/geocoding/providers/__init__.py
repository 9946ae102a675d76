"""Providers are tried against a real server on this machine, which misbehaves on demand."""
