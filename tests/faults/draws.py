"""Chance that is a function of a seed and of what it is drawn for: nothing else shifts it."""

from __future__ import annotations

_MASK = (1 << 64) - 1


def draw(seed: int, topic: int, number: int) -> float:
    """A number in [0, 1) for the `number`-th question of a topic (splitmix64)."""
    z = (seed * 0x9E3779B97F4A7C15 + topic * 0xD1B54A32D192ED03 + number + 1) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return (z ^ (z >> 31)) / 2.0**64
