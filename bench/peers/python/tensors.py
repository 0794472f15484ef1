"""Inputs as tensors, and tasks of them. Work on the CPU is done when calls return."""

import torch

from data import digest, integers, uniform
from serve import Task


def random(shape, seed, scale=1.0):
    return torch.from_numpy(uniform(shape, seed, scale))


def random_integers(shape, seed, below):
    return torch.from_numpy(integers(shape, seed, below))


def digest_of(*results):
    return [number for x in results for number in digest(x.detach().numpy())]


def pure(f, *inputs):
    """The task of calling f, which returns a tensor or a tuple, on the same inputs."""

    def check():
        out = f(*inputs)
        return digest_of(*(out if isinstance(out, tuple) else [out]))

    return Task(lambda: f(*inputs), check)


def chained(f, x):
    """The task of calling f on its own result."""
    state = [x]

    def run():
        state[0] = f(state[0])

    return Task(run, lambda: digest_of(f(x)))


def reading(f):
    """The task of reading the number that f returns."""
    return Task(lambda: f().item(), lambda: [f().item()])
