"""Inputs of the rows: the same numbers as ../../shared/data.ts, and what stands for results."""

import numpy as np


def _words(count, seed):
    """Well mixed 32-bit words for counters (Wellons, "lowbias32")."""
    start = np.uint32(seed * 0x9E3779B9 & 0xFFFFFFFF)
    x = np.arange(count, dtype=np.uint32) + start
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    x ^= x >> np.uint32(16)
    return x


def uniform(shape, seed, scale=1.0):
    """Multiples of 2^-23 in [-scale, scale), rounded to float32 after scaling."""
    words = _words(int(np.prod(shape, dtype=np.int64)), seed)
    values = (words >> np.uint32(8)) / 2.0**23 - 1
    return (values * np.float64(np.float32(scale))).astype(np.float32).reshape(shape)


def integers(shape, seed, below):
    """Whole numbers in [0, below)."""
    words = _words(int(np.prod(shape, dtype=np.int64)), seed)
    return (words % np.uint32(below)).astype(np.int64).reshape(shape)


def initial(name, shape):
    """Parameters that follow from their name and shape (../../shared/parameters.ts)."""
    if name.endswith("scale"):
        return np.ones(shape, np.float32)
    seed = 0x811C9DC5
    for char in name:
        seed = (seed ^ ord(char)) * 0x01000193 & 0xFFFFFFFF
    if len(shape) == 1:
        scale = 0.1
    else:
        fan_in = shape[0] if len(shape) == 2 else int(np.prod(shape[1:]))
        scale = fan_in**-0.5
    return uniform(shape, seed, scale)


def digest(values):
    """The mean magnitude of all elements, and some of them, evenly spread."""
    flat = np.asarray(values).reshape(-1)
    count = flat.size
    shown = min(12, count)
    at = [int((i + 0.5) * count / shown) for i in range(shown)]
    mean = float(np.abs(flat, dtype=np.float64).mean()) if count else 0.0
    return [mean, *(float(flat[i]) for i in at)]
