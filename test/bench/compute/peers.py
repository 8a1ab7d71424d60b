"""numpy and PyTorch as peers: operations a second of one product size, best and median of the runs, as one JSON line.

Usage: peers.py (numpy|torch) THREADS SIZE SECONDS (FP32|FP64|BF16|INT8)

PyTorch multiplies INT8 only in its quantized layers: that product also scales its outputs back to 8 bits, and its weights
are put into the library's own order before the timing.
"""
import json
import os
import sys
import time

name, threads, size, seconds, precision = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), sys.argv[5]
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(threads)

if name == "numpy":
    import numpy

    form = {"FP32": numpy.float32, "FP64": numpy.float64}[precision]
    a, b = ((2 * numpy.random.rand(size, size) - 1).astype(form) for _ in range(2))
    c = numpy.empty((size, size), form)
    product, version = lambda: numpy.matmul(a, b, out=c), numpy.__version__
elif precision == "INT8":
    import torch

    torch.set_num_threads(threads)
    engines = [e for e in ("onednn", "fbgemm", "x86") if e in torch.backends.quantized.supported_engines]
    torch.backends.quantized.engine = engines[0]
    a = torch.quantize_per_tensor(2 * torch.rand(size, size) - 1, 0.01, 128, torch.quint8)
    packed = torch.ops.quantized.linear_prepack(torch.quantize_per_tensor(2 * torch.rand(size, size) - 1, 0.01, 0, torch.qint8), None)
    product, version = lambda: torch.ops.quantized.linear(a, packed, 1.0, 0), torch.__version__
else:
    import torch

    torch.set_num_threads(threads)
    form = {"FP32": torch.float32, "FP64": torch.float64, "BF16": torch.bfloat16}[precision]
    a, b = ((2 * torch.rand(size, size) - 1).to(form) for _ in range(2))
    c = torch.empty(size, size, dtype=form)
    product, version = lambda: torch.mm(a, b, out=c), torch.__version__

rates = []
begin = time.perf_counter()
while len(rates) < 3 or time.perf_counter() - begin < seconds:
    start = time.perf_counter()
    product()
    rates.append(2 * size**3 / (time.perf_counter() - start))
rates.sort()
print(json.dumps({"version": version, "best": rates[-1], "median": rates[len(rates) // 2]}))
