"""Measures on a sandbox what the step contract assumes, and writes it as settings.

A command, and no deployed function: so nothing that is deployed can create test records, and the
settings are files of this repository, which a function could not write. It uses the product's own
connector, with the secret of the stage, read by the operator's own rights.
"""
