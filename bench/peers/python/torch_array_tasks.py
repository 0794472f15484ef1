"""Operations on arrays."""

import torch
from torch.nn import functional as F

from serve import Task
from tensors import digest_of, pure, random, random_integers


def matmul(batch, m, k, n):
    outer = [] if batch == 1 else [batch]
    return pure(torch.matmul, random([*outer, m, k], 1), random([*outer, k, n], 2))


def waves_of(x):
    return torch.tanh(x) * torch.exp(-x * x) + torch.sin(x)


def waves(n):
    x = random([n], 1)
    return {
        "eager": lambda: pure(waves_of, x),
        "jit": lambda: pure(torch.jit.trace(waves_of, x), x),
    }


def total(rows, columns, axis):
    x = random([rows, columns], 1)
    return pure(lambda x: x.sum() if axis < 0 else x.sum(axis), x)


def softmax(rows, columns):
    return pure(lambda x: torch.softmax(x, -1), random([rows, columns], 1))


def layer_norm(rows, columns):
    inputs = random([rows, columns], 1), random([columns], 2), random([columns], 3)
    return pure(lambda x, scale, bias: F.layer_norm(x, [columns], scale, bias), *inputs)


def argsort(n):
    x = random([n], 1)
    # Equal elements may come in any order: what they are is compared.
    return Task(lambda: torch.argsort(x), lambda: digest_of(x[torch.argsort(x)]))


def take(rows, columns, count):
    return pure(
        lambda x, at: torch.index_select(x, 0, at),
        random([rows, columns], 1),
        random_integers([count], 2, rows),
    )


def scatter_add(rows, columns, count):
    return pure(
        lambda at, values: torch.zeros(rows, columns).index_add_(0, at, values),
        random_integers([count], 2, rows),
        random([count, columns], 1),
    )


def conv_inputs(batch, inputs, outputs, size, kernel):
    return (
        random([batch, inputs, size, size], 1),
        random([outputs, inputs, kernel, kernel], 2),
    )


def conv(**sizes):
    return pure(lambda x, w: F.conv2d(x, w, padding="same"), *conv_inputs(**sizes))


def conv_grad(**sizes):
    inputs = [x.requires_grad_() for x in conv_inputs(**sizes)]

    def run(x, w):
        value = F.conv2d(x, w, padding="same").square().mean()
        return (value, *torch.autograd.grad(value, (x, w)))

    return pure(run, *inputs)


def per_example(batch, inputs, hidden):
    params = [
        random([inputs, hidden], 1, 0.2),
        random([hidden], 2),
        random([hidden, 1], 3, 0.2),
        random([1], 4),
    ]
    x, y = random([batch, inputs], 5), random([batch], 6)

    # Each example gets parameters of its own, so that gradients are not summed.
    def expanded():
        w1, b1, w2, b2 = own = [
            p.expand(batch, *p.shape).detach().requires_grad_() for p in params
        ]
        layer1 = torch.baddbmm(b1[:, None], x[:, None], w1)
        out = torch.baddbmm(b2[:, None], torch.tanh(layer1), w2)
        loss = (out.reshape(-1) - y).square().sum()
        return torch.autograd.grad(loss, own)

    return {
        "expanded": lambda: pure(expanded),
        "functorch": lambda: pure(functorch_gradient(params, x, y)),
    }


def functorch_gradient(params, x, y):
    try:
        from functorch import grad, vmap
    except ImportError:

        def absent():
            raise RuntimeError("functorch is not installed")

        return absent

    def loss(params, x, y):
        w1, b1, w2, b2 = params
        out = torch.tanh(x @ w1 + b1) @ w2 + b2
        return (out - y).square().sum()

    each = vmap(grad(loss), (None, 0, 0))
    return lambda: tuple(each(tuple(params), x, y))


ARRAY_TASKS = {
    "matmul": matmul,
    "waves": waves,
    "sum": total,
    "softmax": softmax,
    "layerNorm": layer_norm,
    "cumsum": lambda n: pure(lambda x: torch.cumsum(x, 0), random([n], 1)),
    "sort": lambda n: pure(lambda x: torch.sort(x).values, random([n], 1)),
    "argsort": argsort,
    "take": take,
    "scatterAdd": scatter_add,
    "conv": conv,
    "convGrad": conv_grad,
    "perExample": per_example,
}
