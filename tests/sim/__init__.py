"""A deterministic simulation of the whole loop: real deciders and handlers, virtual time, faults by seed."""
