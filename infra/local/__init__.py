"""How the very CDK app runs on a laptop, with no account. Start with README.md.

Everything that knows the emulator (ministack) or works around it stands in this package; nothing
outside it may. What the emulator is trusted with is written down in `tests/local`.
"""
