"""The networks, with parameters under the names that all peers know."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from data import initial


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1 = nn.Linear(784, 512)
        self.layer2 = nn.Linear(512, 256)
        self.layer3 = nn.Linear(256, 10)

    def forward(self, x):
        return self.layer3(F.relu(self.layer2(F.relu(self.layer1(x)))))


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.dense1 = nn.Linear(400, 120)
        self.dense2 = nn.Linear(120, 84)
        self.dense3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.dense1(x.flatten(1)))
        return self.dense3(F.relu(self.dense2(x)))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x, past):
        x = x + self.attend(self.norm1(x), past)
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))

    def attend(self, x, past):
        batch, tokens, width = x.shape
        q, k, v = (
            part.view(batch, tokens, self.heads, -1).transpose(1, 2)
            for part in self.qkv(x).split(width, -1)
        )
        scores = q @ k.transpose(-2, -1) / math.sqrt(width / self.heads)
        weights = torch.softmax(scores.masked_fill(~past, -torch.inf), -1)
        mixed = (weights @ v).transpose(1, 2).reshape(batch, tokens, width)
        return self.out(mixed)


class Gpt(nn.Module):
    def __init__(self, layers, width, heads, tokens, vocabulary):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(tokens, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        past = torch.ones(tokens, tokens, dtype=torch.bool).tril()
        self.register_buffer("past", past)

    def forward(self, x):
        y = self.tokens(x) + self.positions.weight
        for block in self.blocks:
            y = block(y, self.past)
        return self.head(self.norm(y))


def started(network):
    """The same network, with the parameters that all peers begin with."""
    with torch.no_grad():
        for path, module in network.named_modules():
            for own, param in module.named_parameters(recurse=False):
                is_scale = isinstance(module, nn.LayerNorm) and own == "weight"
                name = f"{path}.{'scale' if is_scale else own}"
                # PyTorch has outputs first.
                is_turned = isinstance(module, nn.Linear) and own == "weight"
                shape = list(param.shape)[:: -1 if is_turned else 1]
                value = torch.from_numpy(initial(name, shape))
                param.copy_(value.T if is_turned else value)
    return network
