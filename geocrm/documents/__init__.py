"""Files that people attach to something: kept by content, in versions, shown but never executed.

The room knows no customer. Whoever links a document to a record of theirs decides who sees it, and
asks here only for documents it has found visible.
"""
