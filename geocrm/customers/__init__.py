"""Customers: accounts, their contacts, addresses, consent, timeline and imports."""
