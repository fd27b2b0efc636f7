"""`make audit`: what we depend on is pinned with hashes, free to use, and not known to be vulnerable."""
