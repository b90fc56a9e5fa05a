"""The simulator: a virtual clock and a synthetic world that drive the real core. See centre.py."""
