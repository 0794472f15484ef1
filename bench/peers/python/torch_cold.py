"""Adds two arrays."""

import torch

print(torch.tensor([1.0, 2, 3]) + torch.tensor([4.0, 5, 6]))
