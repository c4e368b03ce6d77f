"""The integration layer, imported as `busbar`: see its parts."""

import gc
import os

QUIET, USUAL = 200_000, 2_000
"""New objects after which Python looks for garbage: while modules are imported, and ever after."""

# What an import makes stays. To look through it for garbage is a tenth of a cold start's CPU.
gc.set_threshold(QUIET)

# pydantic would read the metadata of all that is installed, for plugins of which there are none.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def settle() -> None:
    """All is there that stays: never look at it again, and look at what is new as usual."""
    gc.freeze()
    gc.set_threshold(USUAL)
