"""Bringing spreadsheets in: read, map, check, match, write, resume, undo.

A file is read as a stream of rows, cut into blocks, and each block goes through a temporary table
in one transaction that also moves the import's cursor: whatever kills it, the next start goes on
behind the last block. What is imported is a `Kind` (accounts here, orders in `geocrm.sales`).
"""
