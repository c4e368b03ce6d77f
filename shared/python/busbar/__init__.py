"""The integration layer, imported as `busbar`: see its parts."""

import gc

QUIET, USUAL = 200_000, 2_000
"""New objects after which Python looks for garbage: while modules are imported, and ever after."""

# What an import makes stays. To look through it for garbage is a tenth of a cold start's CPU.
gc.set_threshold(QUIET)


def settle() -> None:
    """All is there that stays: never look at it again, and look at what is new as usual."""
    gc.freeze()
    gc.set_threshold(USUAL)
