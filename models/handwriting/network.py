"""The network in torch, its training, and the folding of batch norm into plain layers.

Single thread, fixed seeds, deterministic kernels: the same machine gives the same weights, bit for bit.
"""
import math
import time

import numpy as np
import torch
from torch import nn

from layers import PLAN, Layer

EPOCHS = 6
BATCH = 128
PEAK_RATE = 4e-3
SMOOTHING = 0.03


def build():
    parts = []
    for name, kind, inputs, outputs, kernel, stride in PLAN:
        if kind == "gemm":
            parts += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, outputs)]
        else:
            group = inputs if kind == "depthwise" else 1
            parts += [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=group, bias=False),
                      nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*parts)


def train(images, labels, seed, log, epochs=EPOCHS):
    """Trains on float32 [n, 1, 28, 28] and int64 [n]; returns plain layers."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    torch.set_flush_denormal(True)
    model = build().to(memory_format=torch.channels_last)
    x, y = torch.from_numpy(images), torch.from_numpy(labels)
    steps_a_epoch = len(x) // BATCH
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate(step, steps_a_epoch * epochs))
    loss_of = nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    for epoch in range(epochs):
        started, total = time.time(), 0.0
        order = torch.randperm(len(x))
        for step in range(steps_a_epoch):
            pick = order[step * BATCH:(step + 1) * BATCH]
            loss = loss_of(model(x[pick].contiguous(memory_format=torch.channels_last)), y[pick])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss)
        log(f"epoch {epoch + 1}/{epochs}: loss {total / steps_a_epoch:.4f}, {time.time() - started:.0f} s")
    return fold(model)


def rate(step, steps):
    """Warms up over the first tenth, then falls along a cosine."""
    warm = steps // 10
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm))) + 1e-4


def fold(model):
    """Batch norm is folded in double, then rounded to float32 once."""
    modules = [m for m in model if isinstance(m, (nn.Conv2d, nn.BatchNorm2d, nn.Linear))]
    numbers = [{k: v.detach().numpy().astype(np.float64) for k, v in m.state_dict().items()} for m in modules]
    layers, i = [], 0
    for name, kind, _, _, _, stride in PLAN:
        weight = numbers[i]["weight"]
        if kind == "gemm":
            bias, i = numbers[i]["bias"], i + 1
        else:
            norm = numbers[i + 1]
            gain = norm["weight"] / np.sqrt(norm["running_var"] + modules[i + 1].eps)
            weight = weight * gain[:, None, None, None]
            bias, i = norm["bias"] - norm["running_mean"] * gain, i + 2
        layers.append(Layer(name, kind, np.ascontiguousarray(weight, dtype=np.float32), bias.astype(np.float32),
                            stride, kind != "gemm"))
    return layers
