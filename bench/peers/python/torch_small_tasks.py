"""Calls that have nearly nothing to compute, and numbers that are hard to get right."""

import torch

from serve import Task
from tensors import chained, pure, random, reading


def f(x):
    return torch.sin(x) * x * x


def slope_of(f):
    def slope():
        x = torch.tensor(1.5, requires_grad=True)
        return torch.autograd.grad(f(x), x)[0]

    return slope


def affine(x):
    return x * 2 + 1


def add_read(n):
    x, y = random([n], 1), random([n], 2)
    return Task(lambda: x.add(y).numpy(), pure(torch.add, x, y).check)


def mean_read(n):
    x = random([n], 1)
    return reading(lambda: x.mean())


def jit_affine(n):
    x = random([n], 1)
    return {
        "eager": lambda: chained(affine, x),
        "jit": lambda: chained(torch.jit.trace(affine, x), x),
    }


def jit_scalar_grad():
    return {
        "eager": lambda: reading(slope_of(f)),
        "jit": lambda: reading(slope_of(torch.jit.trace(f, torch.tensor(1.5)))),
    }


def accuracy(sum, mean):
    return Task(
        lambda: None,
        lambda: [
            torch.ones(sum).sum().item(),
            torch.ones(mean).mean().item(),
            torch.sin(torch.full([64], 1e6))[0].item(),
            torch.tanh(torch.full([64], 1e-6))[0].item(),
        ],
    )


SMALL_TASKS = {
    "addRead": add_read,
    "addOne": lambda n: chained(lambda x: x + 1, random([n], 1)),
    "meanRead": mean_read,
    "smallSoftmax": lambda n: chained(lambda x: torch.softmax(x, -1), random([n], 1)),
    "jitAffine": jit_affine,
    "scalarGrad": lambda: reading(slope_of(f)),
    "jitScalarGrad": jit_scalar_grad,
    "accuracy": accuracy,
}
