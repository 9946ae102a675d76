"""Regional campaigns: who, in the regions somebody chose, may be reached, and how."""
