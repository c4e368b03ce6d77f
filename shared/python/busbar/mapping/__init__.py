"""Mappings: JSONata expressions that say what an outside system shall receive."""
