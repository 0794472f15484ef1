"""Adds two arrays."""

import numpy as np

print(np.array([1, 2, 3], np.float32) + np.array([4, 5, 6], np.float32))
