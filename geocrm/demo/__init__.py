"""Synthetic customers of Indonesia, to look at the product with and to measure it on.

The same number of accounts, seed and day give the same data.
"""
