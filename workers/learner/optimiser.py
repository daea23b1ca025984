"""AdamW (Loshchilov & Hutter 2019) and its learning rate."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class AdamW:
    """Own, because torch.optim imports torch's compiler on first use: a second of every child process.

    Its state is plain tensors and one number, which a checkpoint can hold without pickle.
    """

    def __init__(self, net: nn.Module, weight_decay: float) -> None:
        self._names = [name for name, _ in net.named_parameters()]
        self._params: list[Tensor] = list(net.parameters())
        # biases and other vectors are not decayed
        self._decayed = [param for param in self._params if param.dim() > 1]
        self._weight_decay = weight_decay
        self._first = [torch.zeros_like(param) for param in self._params]
        self._second = [torch.zeros_like(param) for param in self._params]
        self.steps = 0

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One step along the gradients at this learning rate, decay decoupled from them."""
        self.steps += 1
        gradients = [torch.zeros_like(param) if param.grad is None else param.grad for param in self._params]
        torch._foreach_mul_(self._decayed, 1.0 - rate * self._weight_decay)
        torch._foreach_lerp_(self._first, gradients, 1.0 - BETA1)
        torch._foreach_mul_(self._second, BETA2)
        torch._foreach_addcmul_(self._second, gradients, gradients, 1.0 - BETA2)
        scale = torch._foreach_sqrt(self._second)
        torch._foreach_div_(scale, math.sqrt(1.0 - BETA2**self.steps))
        torch._foreach_add_(scale, EPSILON)
        torch._foreach_addcdiv_(self._params, self._first, scale, -rate / (1.0 - BETA1**self.steps))

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for param in self._params:
            param.grad = None

    def tensors(self) -> dict[str, Tensor]:
        """Both moments of every parameter, by name: the whole state beside `steps`."""
        pairs = zip(self._names, self._first, self._second, strict=True)
        return {
            f"{kind}.{name}": tensor for name, *both in pairs for kind, tensor in zip("mv", both, strict=True)
        }

    def load(self, tensors: dict[str, Tensor], steps: int) -> None:
        """Take the state over as `tensors` gave it; KeyError where a parameter is missing."""
        for name, tensor in self.tensors().items():
            tensor.copy_(tensors[name])
        self.steps = steps


def rate_at(step: int, total: int, *, peak: float, warmup: float) -> float:
    """Linear rise over the share `warmup` of `total` steps, then half a cosine down towards 0."""
    rise = max(1.0, warmup * total)
    return peak * min(1.0, (step + 1) / rise) * 0.5 * (1.0 + math.cos(math.pi * step / total))
