"""Matrix products by PyTorch for the benchmark beside this file.

Reads one JSON object a line from standard input (followed by as many raw bytes as "bytes" says) and answers each with
one JSON line (followed by raw bytes where it says so). Ends when its input ends. Works with every PyTorch from 1.10 on
and with the vendor builds that register their devices as "cuda", "npu", "mlu", "musa" or "xpu".
"""
import ctypes
import json
import os
import sys
import time

# Dies with the process that started it, whatever way that ends (prctl PR_SET_PDEATHSIG, SIGKILL).
try:
    ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
except Exception:
    pass

# Only answers go to standard output; whatever a library prints goes to standard error.
ANSWERS = os.fdopen(os.dup(1), "wb", buffering=0)
os.dup2(2, 1)

try:
    import torch  # noqa: E402
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    print(error, file=sys.stderr)
    # Tells "there is none" from "it does not work" (sysexits.h, EX_UNAVAILABLE).
    sys.exit(69)

for plug_in in ("torch_npu", "torch_mlu", "torch_musa"):
    try:
        __import__(plug_in)
    except Exception:
        pass

KINDS = ("cuda", "npu", "mlu", "musa", "xpu")
MASK = 0xFFFFFFFF


def backend(device):
    kind = device.split(":")[0]
    return None if kind == "cpu" else getattr(torch, kind)


def synchronize(device):
    if backend(device) is not None:
        backend(device).synchronize(device)


def storage_types():
    types = {
        "FP64": (torch.float64, torch.float64),
        "FP32": (torch.float32, torch.float32),
        "TF32": (torch.float32, torch.float32),
        "FP16": (torch.float16, torch.int16),
        "BF16": (torch.bfloat16, torch.int16),
        "INT8": (torch.int8, torch.int8),
    }
    if hasattr(torch, "float8_e4m3fn"):
        types["FP8_E4M3"] = (torch.float8_e4m3fn, torch.uint8)
        types["FP8_E5M2"] = (torch.float8_e5m2, torch.uint8)
    return types


def make_product(precision, device, exact):
    """A function (x, w, out) -> x times w transposed, or None where this build has no way to do it.

    With `exact` the result must be the plain sums: in 32-bit floats or integers, or in doubles.
    """
    if precision in ("FP64", "FP32", "TF32"):
        if hasattr(torch.backends, "cuda"):
            torch.backends.cuda.matmul.allow_tf32 = precision == "TF32"
        if precision == "TF32" and device == "cpu":
            return None
        return lambda x, w: torch.mm(x, w.t())
    if precision in ("FP16", "BF16"):
        if not exact:
            return lambda x, w: torch.mm(x, w.t())
        return lambda x, w: torch.mm(x, w.t(), out_dtype=torch.float32)
    if precision == "INT8":
        return (lambda x, w: torch._int_mm(x, w.t())) if hasattr(torch, "_int_mm") else None
    if precision.startswith("FP8") and hasattr(torch, "_scaled_mm") and device != "cpu":
        one = torch.ones((), device=device)
        form = torch.float32 if exact else torch.bfloat16

        def scaled(x, w):
            # E5M2 times E5M2 has no kernel; weights are exact in E4M3 too.
            w = w.to(torch.float8_e4m3fn) if precision == "FP8_E5M2" else w
            out = torch._scaled_mm(x, w.t(), scale_a=one, scale_b=one, out_dtype=form, use_fast_accum=False)
            return out[0] if isinstance(out, tuple) else out

        return scaled
    return None


def probe(ask):
    torch.set_num_threads(ask["threads"])
    devices = ["cpu"]
    for kind in KINDS:
        module = getattr(torch, kind, None)
        try:
            if module is not None and module.is_available():
                devices += ["%s:%d" % (kind, i) for i in range(module.device_count())]
        except Exception:
            pass
    return {"version": torch.__version__, "devices": [describe(device) for device in devices]}


def describe(device):
    name, uuid = "CPU", None
    if device != "cpu":
        name = backend(device).get_device_name(device)
        try:
            uuid = str(getattr(backend(device).get_device_properties(device), "uuid", "")) or None
        except Exception:
            pass
    precisions, lacks = [], {}
    for precision, (form, _) in storage_types().items():
        try:
            product = make_product(precision, device, False)
            if product is None:
                lacks[precision] = "this build has no such product on this device"
                continue
            x = torch.ones((64, 64), device=device).to(form)
            total = float(product(x, x).to(torch.float32).sum())
            synchronize(device)
            if total == 64.0**3:
                precisions.append(precision)
            else:
                lacks[precision] = "a small product of ones was wrong"
        except Exception as error:
            lacks[precision] = "%s: %s" % (type(error).__name__, (str(error).strip().splitlines() or [""])[0][:200])
    return {"id": device, "name": name, "uuid": uuid, "precisions": precisions, "lacks": lacks}


class Gemm:
    """Matrices cut from two streams at places of their own, and one output that is written once before any timing."""

    def __init__(self, ask, payload):
        precision, self.device, size = ask["precision"], ask["device"], ask["size"]
        form, raw = storage_types()[precision]
        both = torch.frombuffer(payload, dtype=raw).view(form) if raw != form else torch.frombuffer(payload, dtype=form)
        self.product = make_product(precision, self.device, False)
        if self.product is None:
            raise RuntimeError("this build has no %s product on %s" % (precision, self.device))
        # Products are with the transposed second operand, which is how weights lie: B is read column by column.
        self.lefts, self.rights = (
            [flat[at : at + size * size].view(size, size) for at in range(0, ask["places"] * ask["step"], ask["step"])]
            for flat in both.view(2, -1).to(self.device).unbind()
        )
        self.c = None
        self.into = None
        if precision in ("FP64", "FP32", "TF32", "FP16", "BF16"):
            self.into = torch.full((size, size), float("nan"), dtype=form, device=self.device)

    def multiply(self, pairs, rows):
        if self.into is not None:
            for a, b in pairs:
                torch.mm(self.lefts[a], self.rights[b].t(), out=self.into)
            self.c = self.into
        else:
            for a, b in pairs:
                self.c = self.product(self.lefts[a], self.rights[b])
        synchronize(self.device)
        return numbers(torch.cat([self.c[row] for row in rows]) if rows else self.c[:0])

    def poison(self):
        # Where a product makes a new output each time, the last one is let go.
        self.c = None
        if self.into is not None:
            self.into.fill_(float("nan"))
            synchronize(self.device)

    def output(self):
        return numbers(self.c)


def numbers(c):
    form = c.dtype
    if form not in (torch.float64, torch.int32):
        form = torch.float32
    c = c.to("cpu").to(form).contiguous()
    return {"form": str(form).split(".")[1]}, c.numpy().tobytes()


def high32(a, m):
    """High halves of the products of 32-bit numbers, which don't fit 64 signed bits."""
    low, high = a & 0xFFFF, a >> 16
    mid = high * (m & 0xFFFF) + ((low * (m & 0xFFFF)) >> 16)
    return high * (m >> 16) + (mid >> 16) + ((low * (m >> 16) + (mid & 0xFFFF)) >> 16)


def philox(count, beacon, stream, part, start, device):
    """Words start .. start + count of a Philox4x32-10 stream, as 64-bit integers; start and count are multiples of 4."""
    k0, k1 = int(beacon[:8], 16), int(beacon[8:16], 16)
    index = torch.arange(start // 4, (start + count) // 4, dtype=torch.int64, device=device)
    c0, c1 = index & MASK, index >> 32
    c2, c3 = torch.full_like(index, stream), torch.full_like(index, part)
    for _ in range(10):
        h0, l0 = high32(c0, 0xD2511F53), (c0 * 0xD2511F53) & MASK
        h1, l1 = high32(c2, 0xCD9E8D57), (c2 * 0xCD9E8D57) & MASK
        c0, c1, c2, c3 = h1 ^ c1 ^ k0, l1, h0 ^ c3 ^ k1, l0
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return torch.stack((c0, c1, c2, c3), 1).view(-1)


def entries(count, bits, beacon, stream, part, form, device):
    """Signed random entries of so many bits: four, two or one from each word, low ones first."""
    lanes = 4 if bits <= 8 else 2 if bits <= 16 else 1
    width = 32 // lanes
    out = torch.empty(count, dtype=form, device=device)
    step = 1 << 24
    for at in range(0, count // lanes, step):
        some = min(step, count // lanes - at)
        words = philox(-(-some // 4) * 4, beacon, stream, part, at, device)[:some]
        shifts = torch.arange(lanes, dtype=torch.int64, device=device) * width
        fields = (words.unsqueeze(1) >> shifts) & ((1 << width) - 1)
        values = (fields >> (width - bits)) - ((fields >> (width - 1)) << bits)
        out[at * lanes : (at + some) * lanes] = values.reshape(-1).to(form)
    return out


class Chain:
    """Rounds of the chained challenge, all on the device: only seeds go in and only sketches come out."""

    def __init__(self, ask):
        self.p, self.device = ask["parameters"], ask["device"]
        n = self.p["n"]
        self.form = storage_types()[ask["precision"]][0]
        self.product = make_product(ask["precision"], self.device, True)
        if self.product is None:
            raise RuntimeError("this build has no exact %s product" % ask["precision"])
        self.matrices = [
            entries(n * n, self.p["weightBits"], ask["nonce"], s, 1, self.form, self.device).view(n, n)
            for s in range(self.p["matrices"])
        ]

    def fold(self, sums):
        bits = self.p["stateBits"]
        whole = sums.to(torch.int64 if sums.dtype == torch.float64 else torch.int32)
        return (((whole >> self.p["shift"]) + whole) & ((1 << bits) - 1)) - (1 << (bits - 1))

    def round(self, ask):
        p, seed, device = self.p, ask["seed"], self.device
        start = time.perf_counter_ns()
        x = entries(p["n"] * p["m"], p["stateBits"], seed, 0, 2, self.form, device).view(p["m"], p["n"])
        synchronize(device)
        products = 0
        # On accelerators the queue stays full and the products are not timed one by one.
        for s in ask["schedule"]:
            before = time.perf_counter_ns()
            sums = self.product(x, self.matrices[s])
            if device == "cpu":
                products += time.perf_counter_ns() - before
            x = self.fold(sums).to(self.form)
        synchronize(device)
        end = time.perf_counter_ns()
        vector = philox(-(-p["n"] // 4) * 4, seed, 0, 4, 0, device)[: p["n"]]
        sketch = torch.cat([(part.to(torch.int64) * vector).sum(1) & MASK for part in x.split(1024)])
        data = sketch.to("cpu").numpy().astype("<u4").tobytes()
        return {"productNs": products if device == "cpu" else end - start}, data


# Floats from one place that a pass of STREAM may read from to the next, and parts that are kept after a window.
STEP, LOOKS, LOOK = 64, 4, 2048


def stream(ask):
    """STREAM's copy or triad on a device: windows of whole passes, then a comparison.

    Each pass reads from places of its own, so that what the one before wrote is wrong. Parts of the result are kept
    after every window and compared afterwards, as is the whole of the last one.
    """
    device, count, seed, places = ask["device"], ask["bytes_each"] // 4, ask["seed"], ask["places"]
    b, c = (entries(count + places * STEP, 16, seed, 0, part, torch.float32, device) for part in (6, 7))
    a = torch.full_like(b[:count], float("nan"))
    words = philox(4096, seed, 0, 8, 0, "cpu").tolist()
    last, kept = [b[:count], c[:count]], []

    def run(number):
        word = words[number % len(words)]
        last[:] = [x[at * STEP : at * STEP + count] for x, at in ((b, word % places), (c, (word >> 16) % places))]
        if ask["kind"] == "copy":
            a.copy_(last[0])
        else:
            torch.add(last[0], last[1], alpha=3, out=a)

    def wrong_in(part, sources, at):
        rows = slice(at, at + len(part))
        want = sources[0][rows].to(torch.int64)
        if ask["kind"] != "copy":
            want = want + 3 * sources[1][rows].to(torch.int64)
        return int((part.to(torch.float64) != want.to(torch.float64)).sum())

    def look(window):
        for i in range(LOOKS):
            at = words[(window * LOOKS + i) * 7 % len(words)] * max(0, count - LOOK) >> 32
            kept.append((a[at : at + LOOK].clone(), list(last), at))

    def repeat(seconds, window):
        windows, passes, number = [], 1, 0
        begin = start = time.perf_counter_ns()
        while start - begin < seconds * 1e9:
            done = 0
            end = start
            while end - start < window * 1e9:
                before = end
                for _ in range(passes):
                    run(number)
                    number += 1
                synchronize(device)
                done += passes
                end = time.perf_counter_ns()
                if end - before < window * 1e9 / 20:
                    passes *= 2
            windows.append([start, end, done])
            # It costs the next window some microseconds.
            look(len(windows))
            start = end
        return windows

    repeat(ask["warmUpS"], max(ask["warmUpS"], 0.01))
    # What warm-up wrote must not be what is checked.
    a.fill_(float("nan"))
    kept.clear()
    synchronize(device)
    windows = repeat(ask["seconds"], ask["windowS"])
    wrong, step = sum(wrong_in(*one) for one in kept), 1 << 24
    for at in range(0, count, step):
        wrong += wrong_in(a[at : at + step], last, at)
    return {"windows": windows, "elements": count, "wrong": wrong}


def main():
    state = {}
    source = sys.stdin.buffer
    for line in iter(source.readline, b""):
        ask = json.loads(line)
        payload = bytearray(ask.get("bytes", 0))
        if payload:
            view, got = memoryview(payload), 0
            while got < len(payload):
                count = source.readinto(view[got:])
                if not count:
                    return
                got += count
        answer, data = {}, b""
        try:
            operation = ask["operation"]
            if operation == "probe":
                answer = probe(ask)
            elif operation == "open":
                state.clear()
                state["gemm"] = Gemm(ask, payload)
            elif operation == "multiply":
                answer, data = state["gemm"].multiply(ask["pairs"], ask["rows"])
            elif operation == "poison":
                state["gemm"].poison()
            elif operation == "output":
                answer, data = state["gemm"].output()
            elif operation == "chain":
                state.clear()
                state["chain"] = Chain(ask)
            elif operation == "round":
                answer, data = state["chain"].round(ask)
            elif operation == "stream":
                state.clear()
                answer = stream(ask)
            elif operation == "close":
                state.clear()
            else:
                raise ValueError("unknown operation %r" % operation)
        except Exception as error:
            answer, data = {"error": "%s: %s" % (type(error).__name__, str(error)[:500])}, b""
        answer["bytes"] = len(data)
        ANSWERS.write(json.dumps(answer).encode() + b"\n")
        view = memoryview(data)
        while len(view):
            view = view[ANSWERS.write(view) :]


with torch.no_grad():
    main()
