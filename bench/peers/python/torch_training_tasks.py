"""Training steps."""

import torch
from torch.nn import functional as F

from serve import Task
from tensors import random, random_integers
from torch_networks import Gpt, LeNet, Mlp, started

CHECKED_STEPS = 3


def training(make, optimizer_of, x, labels):
    """Steps with the optimizer's loop over parameters, or its joined operations."""

    def task(foreach):
        network = started(make())
        optimizer = optimizer_of(network.parameters(), foreach)

        def run():
            optimizer.zero_grad(set_to_none=True)
            logits = network(x)
            loss = F.cross_entropy(logits.flatten(0, -2), labels.flatten())
            loss.backward()
            optimizer.step()
            return loss.item()

        return Task(run, lambda: [run() for _ in range(CHECKED_STEPS)])

    return {"each": lambda: task(False), "foreach": lambda: task(True)}


def adam(params, foreach):
    return torch.optim.Adam(params, 1e-3, foreach=foreach)


def momentum(params, foreach):
    return torch.optim.SGD(params, 0.01, momentum=0.9, foreach=foreach)


def mlp(batch):
    return training(Mlp, adam, random([batch, 784], 1), random_integers([batch], 2, 10))


def lenet(batch):
    images = random([batch, 1, 28, 28], 1)
    return training(LeNet, momentum, images, random_integers([batch], 2, 10))


def gpt(batch, layers, width, heads, tokens, vocabulary):
    return training(
        lambda: Gpt(layers, width, heads, tokens, vocabulary),
        adam,
        random_integers([batch, tokens], 1, vocabulary),
        random_integers([batch, tokens], 2, vocabulary),
    )


TRAINING_TASKS = {"mlp": mlp, "lenet": lenet, "gpt": gpt}
