"""One process or many: the device, the share of the work that is ours, and what all must agree on.

Under torchrun each process steps on its share of every batch and gradients are averaged, so the result is
that of one process up to rounding. The first process alone speaks and writes.
"""

from __future__ import annotations

import os

import torch
from torch import Tensor, nn

from workers.learner.contract import SpecError


class Fleet:
    """This process among those of the run: its rank, their number, its device."""

    def __init__(self, device: str) -> None:
        self.rank = int(os.environ.get("RANK", "0"))
        self.world = int(os.environ.get("WORLD_SIZE", "1"))
        self.device = self._choose(device)
        if self.world > 1:
            import torch.distributed as dist

            dist.init_process_group("nccl" if self.device.type == "cuda" else "gloo")

    @property
    def writes(self) -> bool:
        """Whether this process is the one that writes and speaks."""
        return self.rank == 0

    def wrap(self, net: nn.Module) -> nn.Module:
        """The net, averaging its gradients over the processes where there are several."""
        if self.world == 1:
            return net
        from torch.nn.parallel import DistributedDataParallel

        return DistributedDataParallel(net)

    def share(self, rows: Tensor) -> Tensor:
        """Our part of (n,) rows: every world-th, from our rank on."""
        return rows[self.rank :: self.world]

    def total(self, tensor: Tensor) -> Tensor:
        """The sum over all processes."""
        if self.world > 1:
            import torch.distributed as dist

            tensor = tensor.to(self.device)
            dist.all_reduce(tensor)
        return tensor.cpu()

    def leave(self) -> None:
        """Say goodbye to the other processes, where there are any."""
        if self.world > 1:
            import torch.distributed as dist

            dist.destroy_process_group()

    def _choose(self, device: str) -> torch.device:
        if device == "cuda" and not torch.cuda.is_available():
            raise SpecError("device: 'cuda' was asked for and there is none; choose 'auto' or 'cpu'.")
        if device == "cpu" or not torch.cuda.is_available():
            return torch.device("cpu")
        chosen = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(chosen)
        return chosen


def settle_torch(threads: int) -> None:
    """Same spec, same seed, same threads: same numbers."""
    torch.set_num_threads(threads)
    # says the same as use_deterministic_algorithms without importing torch's compiler, which takes a second
    torch.set_deterministic_debug_mode("error")
