"""The composition root: the only place that makes clients and puts the parts together."""
