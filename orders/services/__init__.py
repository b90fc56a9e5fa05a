"""Writes, one file for each subject. Who may is asked by who calls them; what is wrong comes as ValidationError by field."""
