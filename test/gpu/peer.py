"""PyTorch's own matrix product, warmed up and timed by the device's events: what ours is held against.

Usage: peer.py PRECISION SIZE SECONDS; prints operations a second.
"""
import sys
import time

import torch

precision, n, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
torch.backends.cuda.matmul.allow_tf32 = precision == "TF32"
forms = {"FP64": torch.float64, "FP32": torch.float32, "TF32": torch.float32, "FP16": torch.float16, "BF16": torch.bfloat16}

if precision == "INT8":
    a, b = (torch.randint(-128, 128, (n, n), device="cuda", dtype=torch.int8) for _ in range(2))
    run = lambda: torch._int_mm(a, b.t())  # noqa: E731
elif precision == "FP8_E4M3":
    a, b = ((2 * torch.rand(n, n, device="cuda") - 1).to(torch.float8_e4m3fn) for _ in range(2))
    one = torch.ones((), device="cuda")
    run = lambda: torch._scaled_mm(a, b.t(), scale_a=one, scale_b=one, out_dtype=torch.bfloat16)  # noqa: E731
else:
    a, b = ((2 * torch.rand(n, n, device="cuda", dtype=torch.float32) - 1).to(forms[precision]) for _ in range(2))
    c = torch.empty(n, n, dtype=forms[precision], device="cuda")
    run = lambda: torch.mm(a, b.t(), out=c)  # noqa: E731


def timed(count):
    start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for _ in range(count):
        run()
    stop.record()
    torch.cuda.synchronize()
    return start.elapsed_time(stop) / 1e3


count, end = 1, time.time() + seconds
while time.time() < end:
    if timed(count) < 0.2:
        count *= 2
print(count * 2 * n**3 / timed(count))
