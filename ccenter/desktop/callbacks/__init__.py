"""Callbacks and outbound calls as people see them: the list and what is done with one, rules, figures, the surge attendant."""
