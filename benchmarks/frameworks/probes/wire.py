"""The probe's side of the talk (messages.ts): requests in lines of JSON and answers in frames, on descriptor 3.

  python -I -S -B -u wire.py PROBE       PROBE is a file beside this one that has a class Probe with:
  describe()             -> dict with version, build, backend, devices, device, accelerated
  precisions()           -> the precisions it can train in, by name
  train(precision, task) -> (model, losses); `task` is a Task, one loss for each step
  weights(model)         -> flat list of floats: hidden layer (inputs x hidden), bias, output layer (hidden x classes), bias
  infer(model, precision, rows) -> list of class numbers; `rows` is bytes of little-endian 32-bit floats
  onnx(model, folder)    -> (state, detail)

The packages of the framework run in this process and could change whatever stands here. So nothing here decides
anything: the agent asks, keeps the right answers to itself, takes the time and looks at the process from outside.
Only the standard library is imported here: a framework may come without numpy.
"""

import importlib.util
import json
import math
import os
import struct
import sys

CHANNEL = 3


def load(name):
    """A file beside this one as a module: its folder is not on the path."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
    spec = importlib.util.spec_from_file_location("assay_" + name, path)
    module = importlib.util.module_from_spec(spec)
    # Compilers of frameworks look a function's module up by its name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


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


class Refused(Exception):
    pass


def write(data, put=os.write):
    while data:
        data = data[put(CHANNEL, data) :]


def lines(take=os.read):
    rest = b""
    while True:
        data = take(CHANNEL, 65536)
        if not data:
            return
        *whole, rest = (rest + data).split(b"\n")
        yield from whole


def words(value, encode=json.JSONEncoder(allow_nan=False).encode):
    return encode(value).encode("utf-8")


def doubles(values, pack=struct.pack):
    flat = [float(value) for value in values]
    if not all(math.isfinite(value) for value in flat):
        raise ValueError("numbers are not finite")
    return pack("<%dd" % len(flat), *flat)


class Session:
    """Answers to requests by their name. The framework is imported by the first one."""

    def __init__(self, name):
        self.name = name
        self.models = {}

    def describe(self, request):
        load("places").add()
        self.probe = load(self.name).Probe()
        return words(dict({"backend": getattr(self.probe, "backend", "")}, **self.probe.describe()))

    def train(self, request):
        precision = request["precision"]
        if precision not in self.probe.precisions():
            raise Refused("this framework or device does not have it")
        model, losses = self.probe.train(precision, Task(request))
        flat = [float(value) for value in self.probe.weights(model)]
        packed = struct.pack("<%df" % len(flat), *flat)
        answer = doubles(losses) + packed
        self.models[precision] = model
        return answer

    def infer(self, request):
        with open(request["inputsFile"], "rb") as file:
            rows = file.read()
        precision = request["precision"]
        return bytes(int(label) for label in self.probe.infer(self.models[precision], precision, rows))

    def operations(self, request):
        known = load("operations").OPERATIONS
        if request["engine"] not in known:
            raise Refused("no operations are known for " + request["engine"])
        return doubles(known[request["engine"]](request["seed"]))

    def onnx(self, request):
        try:
            state, detail = self.probe.onnx(next(iter(self.models.values())), request["folder"])
        except Exception as error:
            state, detail = "failed", short(error)
        return words({"state": state, "detail": detail[:1500]})

    def end(self, request):
        return b""


def short(error):
    return (type(error).__name__ + ": " + str(error))[:1500]


def main():
    session = Session(sys.argv[1])
    decode = json.JSONDecoder().decode
    for line in lines():
        request = decode(line.decode("utf-8"))
        ask = request["ask"]
        try:
            kind, answer = b"A", getattr(session, ask)(request)
        except Exception as error:
            # Without a description there is nothing to go on with: the reason stands at the end of the output.
            if ask == "describe":
                raise
            refusal = str(error) if isinstance(error, Refused) else short(error)
            kind, answer = b"R", refusal.encode("utf-8", "replace")[:4000]
        write(kind + struct.pack("<I", len(answer)) + answer)
        if ask == "end":
            return


main()
