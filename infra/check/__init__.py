"""The deploy check: `python -m infra.check`. Nothing of it needs an AWS account or Docker.

An emulator's green tick is never read as proof: what the templates promise is counted and described
after the deploy, and rules that the emulator does not know stand in `rules/`. A part says SKIPPED,
with the reason, for whatever it did not look at.
"""
