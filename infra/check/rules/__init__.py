"""Our own rules: what no validator knows about this system. Each takes an assembly and answers
faults, one line each; an empty list is a pass. A planted fault in `tests/infra/` turns each red."""
