"""The benchmark: this server, a hand-written minimal server (the floor) and common alternatives, on one machine."""
