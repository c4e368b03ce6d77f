"""Handlers that show what the local system does with a call. Made like the product's own."""
