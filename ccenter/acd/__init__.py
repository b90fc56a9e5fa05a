"""The pure core. See machine.py for the theory of operation."""
