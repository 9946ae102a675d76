"""Looking up very many addresses at once: listed, looked up in chunks, written, resumed.

A batch lists what it is to look up when it begins: equal addresses are one item. The local steps go
through the items in chunks; a chunk's points and the batch's cursor are one transaction, so that
whatever kills it, the next run goes on behind the last chunk. What no local step places on its
street may then be asked of services in the network, one item after the other.
"""
