"""The stacks: one for what lasts, one per context of the catalogue."""
