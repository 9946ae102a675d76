"""Saved views: a question with the way its answer is shown, kept under a name."""
