"""Training steps and kernels in PyTorch on one GPU, as benchmarks in Java measure them. Prints JSON."""

import json
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn

BLOCKS = 9
WARM_UP_SECONDS = 0.5
BLOCK_SECONDS = 0.04


def timing(work):
    """Median, fastest and slowest seconds of one run."""
    start = time.perf_counter()
    runs = 0
    while True:
        work()
        torch.cuda.synchronize()
        runs += 1
        if time.perf_counter() - start >= WARM_UP_SECONDS:
            break
    per_block = max(1, int(BLOCK_SECONDS / ((time.perf_counter() - start) / runs)))
    times = []
    for _ in range(BLOCKS):
        before = time.perf_counter()
        for _ in range(per_block):
            work()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - before) / per_block)
    return {"seconds": statistics.median(times), "fastest": min(times), "slowest": max(times)}


class Residual(nn.Module):
    """Two convolutions beside a shortcut, as ResNet-20 has them."""

    def __init__(self, inputs, outputs):
        super().__init__()
        stride = 1 if inputs == outputs else 2
        self.block = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        self.shortcut = nn.Identity() if stride == 1 else nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return torch.relu(self.block(x) + self.shortcut(x))


class TransformerBlock(nn.Module):
    """Causal self-attention and a feed-forward part, each behind a layer norm and beside a shortcut."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        batch, time, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, time, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(batch, time, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Transformer(nn.Module):
    """Characters to what comes next."""

    def __init__(self, vocabulary, context, width, heads, blocks):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.Sequential(*(TransformerBlock(width, heads) for _ in range(blocks)))
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, vocabulary))

    def forward(self, x):
        return self.head(self.blocks(self.tokens(x) + self.positions.weight)).flatten(0, 1)


def workloads():
    """Name, model, input, target, loss, optimiser."""
    perceptron = nn.Sequential(
        nn.Linear(784, 512), nn.BatchNorm1d(512), nn.ReLU(),
        nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 10)).cuda()
    convolutional = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 49, 128), nn.ReLU(), nn.Linear(128, 10)).cuda()
    resnet = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        *(Residual(i, o) for i, o in [(16, 16)] * 3 + [(16, 32)] + [(32, 32)] * 2 + [(32, 64)] + [(64, 64)] * 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)).cuda()
    transformer = Transformer(65, 128, 128, 4, 4).cuda()
    tiny = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1)).cuda()
    labels = lambda n: (torch.arange(n) % 10).cuda()
    yield ("W1", perceptron, torch.randn(128, 784).cuda(), labels(128), F.cross_entropy,
           torch.optim.SGD(perceptron.parameters(), 0.01, momentum=0.9))
    yield ("W2", convolutional, torch.randn(64, 1, 28, 28).cuda(), labels(64), F.cross_entropy,
           torch.optim.Adam(convolutional.parameters(), 1e-3))
    yield ("W3", resnet, torch.randn(32, 3, 32, 32).cuda(), labels(32), F.cross_entropy,
           torch.optim.SGD(resnet.parameters(), 0.01, momentum=0.9))
    yield ("W4", transformer, (torch.arange(16 * 128) * 7 % 65).view(16, 128).cuda(),
           (torch.arange(16 * 128) * 5 % 65).cuda(), F.cross_entropy, torch.optim.AdamW(transformer.parameters(), 1e-3))
    yield ("W5", tiny, torch.randn(16, 2).cuda(), torch.randn(16, 1).cuda(), F.mse_loss,
           torch.optim.SGD(tiny.parameters(), 0.01))


def step(model, x, y, loss, optimizer):
    def run():
        optimizer.zero_grad(set_to_none=True)
        loss(model(x), y).backward()
        optimizer.step()
    return run


def steps():
    eager, compiled = {}, {}
    for name, model, x, y, loss, optimizer in workloads():
        eager[name] = timing(step(model, x, y, loss, optimizer))
        try:
            compiled[name] = timing(step(torch.compile(model), x, y, loss, optimizer))
        except Exception as failure:  # the compiler needs tools that may be missing
            compiled[name] = {"missing": str(failure).strip().splitlines()[0]}
    return eager, compiled


def kernels(rows, columns):
    """The kernels that have a counterpart in one call; names as the Java side has them."""
    x = torch.rand(rows, columns, device="cuda")
    y = torch.rand(rows, columns, device="cuda")
    w = torch.rand(columns, device="cuda")
    b = torch.rand(columns, device="cuda")
    target = torch.zeros(rows, dtype=torch.long, device="cuda")
    order = torch.randperm(rows, device="cuda")
    a4 = torch.rand(4096, 4096, device="cuda")
    b4 = torch.rand(4096, 4096, device="cuda")
    image = torch.rand(64, 64, 56, 56, device="cuda")
    weight = torch.rand(64, 64, 3, 3, device="cuda")
    work = {
        "copy": lambda: x.clone(),
        "unary RELU": lambda: torch.relu(x),
        "unary EXP": lambda: torch.exp(x),
        "unary TANH": lambda: torch.tanh(x),
        "binary ADD": lambda: x + y,
        "sum, all": lambda: x.sum(),
        "sum of rows": lambda: x.sum(1),
        "sum of columns": lambda: x.sum(0),
        "softmax": lambda: torch.softmax(x, 1),
        "log-softmax": lambda: torch.log_softmax(x, 1),
        "softmax along columns": lambda: torch.softmax(x, 0),
        "cross-entropy": lambda: F.cross_entropy(x, target, reduction="none"),
        "layer norm": lambda: F.layer_norm(x, (columns,), w, b),
        "batch norm + ReLU": lambda: torch.relu(F.batch_norm(x, None, None, w, b, training=True)),
        "dropout": lambda: F.dropout(x, 0.5, True),
        "gather of rows": lambda: F.embedding(order, x),
        "max-pool 2x2": lambda: F.max_pool2d(image, 2),
        "matmul 4096x4096x4096": lambda: a4 @ b4,
        "matmul, a transposed 4096x4096x4096": lambda: a4.t() @ b4,
        "matmul, b transposed 4096x4096x4096": lambda: a4 @ b4.t(),
        "conv 3x3 64x64x56x56 to 64": lambda: F.conv2d(image, weight, w[:64], padding=1),
    }
    with torch.no_grad():
        return {name: timing(run) for name, run in work.items()}


def main():
    torch.manual_seed(1)
    # Strict float32, as Jacobian has it without --tf32; PyTorch allows TF32 in convolutions by default.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    eager, compiled = steps()
    print(json.dumps({
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "device": torch.cuda.get_device_name(),
        "eager": eager,
        "compiled": compiled,
        "kernels": kernels(65536, 1024),
    }))


if __name__ == "__main__":
    main()
