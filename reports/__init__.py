"""Reports: figures over the record. Nothing is here yet but the place."""
