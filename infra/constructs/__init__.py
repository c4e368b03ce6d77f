"""One kind of part per file; what every part of that kind must have stands there, once."""
