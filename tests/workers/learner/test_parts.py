"""Parts that can be judged without a process of their own."""

from __future__ import annotations

import socket

import numpy as np
import torch
from safetensors.torch import load_file

from workers.learner.chance import generator
from workers.learner.cross_fit import deal_folds
from workers.learner.optimiser import AdamW
from workers.learner.sampler import draw_epoch


def test_our_adamw_walks_as_torchs_does():
    torch.manual_seed(0)
    ours = torch.nn.Linear(5, 3)
    theirs = torch.nn.Linear(5, 3)
    theirs.load_state_dict(ours.state_dict())
    groups = [
        {"params": [theirs.weight], "weight_decay": 0.1},
        {"params": [theirs.bias], "weight_decay": 0.0},
    ]
    mine, torchs = AdamW(ours, 0.1), torch.optim.AdamW(groups, lr=0.02)
    for step in range(20):
        inputs = torch.randn(8, 5, generator=generator(1, step))
        for net in (ours, theirs):
            net.zero_grad()
            (net(inputs) ** 3).sum().backward()
        mine.step(0.02)
        torchs.step()
    torch.testing.assert_close(ours.weight, theirs.weight)
    torch.testing.assert_close(ours.bias, theirs.bias)


def test_replay_repeats_earlier_rows_evenly_when_more_are_asked_for_than_there_are():
    stages = np.array([0] * 4 + [1] * 18)
    order = draw_epoch(stages, np.ones(22, bool), 1, 0.4, generator(0, "order"))
    drawn = np.bincount(order.numpy(), minlength=22)
    assert drawn[4:].tolist() == [1] * 18
    assert drawn[:4].tolist() == [3] * 4


def test_a_named_draw_does_not_depend_on_other_draws():
    first = torch.rand(3, generator=generator(7, "fit", "order", 4))
    torch.rand(100, generator=generator(7, "fit", "order", 3))
    assert torch.equal(first, torch.rand(3, generator=generator(7, "fit", "order", 4)))
    assert not torch.equal(first, torch.rand(3, generator=generator(8, "fit", "order", 4)))


def test_folds_spread_each_label_evenly():
    labels = np.repeat(np.arange(10), 30)
    folds = deal_folds([f"content-{place}" for place in range(300)], labels, 5, seed=3)
    counts = np.array([np.bincount(folds[labels == label], minlength=5) for label in range(10)])
    assert (counts == 6).all()


def test_two_processes_learn_what_one_learns(bench, digits):
    bench.rows("rows.parquet", digits.train_rows(150))
    bench.rows("benchmark.parquet", digits.benchmark_rows()[:100])
    stages = [{"name": "foundations", "epochs": 3}]
    spec = bench.fit_spec(stages=stages, evaluate={"benchmark": "benchmark.parquet"}, device="cpu")
    assert bench.run("fit", {**spec, "out": "one"}).status == 0
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    world = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
    ranks = [bench.start("fit", {**spec, "out": "two"}, env={**world, "RANK": rank}) for rank in ("0", "1")]
    first, second = [bench.end(rank) for rank in ranks]
    assert (first.status, second.status) == (0, 0), first.stderr + second.stderr
    assert first.lines[0]["processes"] == 2
    assert second.lines == []
    one = load_file(bench.folder / "one/weights.safetensors")
    two = load_file(bench.folder / "two/weights.safetensors")
    for name, tensor in one.items():
        torch.testing.assert_close(two[name], tensor, rtol=1e-3, atol=1e-4)
    losses = [
        [entry["loss"] for entry in bench.json(f"{out}/report.json")["epochs"]] for out in ("one", "two")
    ]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
