"""PyTorch as a peer, on all cores of the CPU."""

import os

import torch

from serve import serve
from torch_array_tasks import ARRAY_TASKS
from torch_small_tasks import SMALL_TASKS
from torch_training_tasks import TRAINING_TASKS

torch.set_num_threads(len(os.sched_getaffinity(0)))
serve(
    f"{torch.__version__}, {torch.get_num_threads()} threads",
    {**ARRAY_TASKS, **SMALL_TASKS, **TRAINING_TASKS},
)
