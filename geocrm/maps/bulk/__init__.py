"""Bulk actions: one thing done to all customers that a filter or a list means, and taken back.

A run freezes who is meant, works through them in batches that each commit with the run's cursor,
and keeps what an undo needs. What an action does to customers is done by the room that owns them;
actions of rooms above are handed in (`geocrm.wiring.bulk`).
"""
