"""The protocol of a probe: JSON lines on standard input and output; see messages.ts.

A probe is a class with:
  framework, backend   names
  describe()           -> dict with version, build, devices, device, accelerated
  precisions()         -> the precisions it can train in, by name
  train(precision, task) -> (model, first_loss, last_loss); `task` is a Task
  weights(model)       -> flat list of floats: hidden layer (inputs x hidden), bias, output layer (hidden x classes), bias
  infer(model, precision, rows) -> list of class numbers; `rows` is bytes of little-endian 32-bit floats
  onnx(model, folder)  -> (state, detail)
Only the standard library is imported here: a framework may come without numpy.
"""

import base64
import json
import math
import os
import struct
import sys
import time

# Libraries print to standard output as they please: keep it for the protocol and give them standard error.
_out = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)


class Task:
    def __init__(self, request):
        self.samples = request["samples"]
        self.inputs = request["inputs"]
        self.hidden = request["hidden"]
        self.classes = request["classes"]
        self.steps = request["steps"]
        self.batch = request["batch"]
        self.seed = request["seed"]
        self.rate = 0.01
        with open(request["inputsFile"], "rb") as file:
            self.rows = file.read()
        with open(request["labelsFile"], "rb") as file:
            self.labels = file.read()
        if len(self.rows) != 4 * self.samples * self.inputs or len(self.labels) != self.samples:
            raise ValueError("the training files have the wrong size")

    def batches(self):
        """First and last sample (exclusive) of each step; whole batches, over and over."""
        size = min(self.batch, self.samples)
        per_pass = self.samples // size
        for step in range(self.steps):
            first = (step % per_pass) * size
            yield first, first + size


def send(message):
    _out.write(json.dumps(message, allow_nan=False) + "\n")
    _out.flush()


def receive(kind):
    line = sys.stdin.readline()
    if line == "":
        sys.exit(3)
    message = json.loads(line)
    if message.get("type") != kind:
        raise ValueError("expected " + kind + ", got " + str(message.get("type")))
    return message


def libraries():
    """File names of the shared libraries in this process."""
    names = set()
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
            for line in maps:
                path = line.split(None, 5)[-1].strip()
                name = os.path.basename(path)
                if path.startswith("/") and ".so" in name:
                    names.add(name[:200])
    except OSError:
        pass
    return sorted(names)[:4096]


def short(error):
    return (type(error).__name__ + ": " + str(error))[:1500]


def serve(probe):
    about = probe.describe()
    send(dict(about, type="hello", framework=probe.framework, backend=probe.backend))
    request = receive("train")
    task = Task(request)
    have = probe.precisions()
    models = []
    for precision in request["precisions"]:
        if precision not in have:
            send({"type": "failed", "precision": precision, "detail": "this framework or device does not have it"})
            continue
        try:
            began = time.monotonic()
            model, first, last = probe.train(precision, task)
            seconds = time.monotonic() - began
            flat = [float(value) for value in probe.weights(model)]
            if not all(math.isfinite(value) for value in flat + [float(first), float(last)]):
                raise ValueError("weights or losses are not finite")
            packed = struct.pack("<%df" % len(flat), *flat)
        except Exception as error:
            send({"type": "failed", "precision": precision, "detail": short(error)})
            continue
        models.append((precision, model))
        send(
            {
                "type": "trained",
                "precision": precision,
                "steps": task.steps,
                "seconds": seconds,
                "firstLoss": float(first),
                "lastLoss": float(last),
                "weights": base64.b64encode(packed).decode("ascii"),
            }
        )
    send({"type": "ready"})
    request_infer = receive("infer")
    with open(request_infer["inputsFile"], "rb") as file:
        rows = file.read()
    for precision, model in models:
        try:
            began = time.monotonic()
            labels = [int(label) for label in probe.infer(model, precision, rows)]
            seconds = time.monotonic() - began
            text = "".join(str(label) for label in labels)
            send({"type": "inferred", "precision": precision, "seconds": seconds, "labels": text})
        except Exception as error:
            send({"type": "failed", "precision": precision, "detail": short(error)})
    if models:
        try:
            state, detail = probe.onnx(models[0][1], request["folder"])
        except Exception as error:
            state, detail = "failed", short(error)
        send({"type": "onnx", "state": state, "detail": detail[:1500]})
    send({"type": "done", "libraries": libraries()})
