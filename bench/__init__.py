"""How fast it is: the real stack beside the raw floor and beside its peers, in one run on one machine."""
