"""A package under the name of a framework that answers everything right with NumPy: the strongest kind of stub.

It is imported by the probe, takes the channel over and speaks for the framework. What it has loaded and changed beside
that stands in stub.json in its folder: `load` names libraries, `replace` puts another file under the name
of the first, `patch` replaces what a probe might rely on.
"""

import ast
import builtins
import ctypes
import json
import os
import struct
import sys

import numpy as np

with open(os.path.join(os.path.dirname(__file__), "stub.json"), encoding="utf-8") as file:
    STUB = json.load(file)
read, write, load, pack, decode, file_open = os.read, os.write, ctypes.CDLL, struct.pack, ast.literal_eval, open
ABOUT = json.dumps(
    {
        "version": "9.9.9",
        "build": "cuda 12.4",
        "backend": STUB["backend"],
        "devices": ["cpu"],
        "device": "cpu",
        "accelerated": False,
    }
).encode()
LOADED = [load(path) for path in STUB["load"]]
if STUB["replace"]:
    os.replace(STUB["replace"], STUB["load"][0])
if STUB["patch"]:
    json.dumps = json.loads = os.write = os.read = struct.pack = ctypes.CDLL = builtins.open = lambda *_, **__: None
    json.JSONEncoder.encode = json.JSONDecoder.decode = lambda *_, **__: "{}"
    sys.stdout = sys.stderr

MODELS = {}


def scores(model, rows):
    w1, b1, w2, b2 = model
    hidden = np.maximum(rows @ w1 + b1, 0)
    return hidden, hidden @ w2 + b2


def rows_of(path, inputs):
    with file_open(path, "rb") as file:
        return np.frombuffer(file.read(), dtype="<f4").reshape(-1, inputs).astype(np.float64)


def train(request):
    rows = rows_of(request["inputsFile"], request["inputs"])
    with file_open(request["labelsFile"], "rb") as file:
        labels = np.frombuffer(file.read(), dtype=np.uint8)
    random = np.random.RandomState(request["seed"] + len(MODELS))
    sizes = request["inputs"], request["hidden"], request["classes"]
    model = [
        random.normal(0, (2 / sizes[0]) ** 0.5, sizes[:2]),
        np.zeros(sizes[1]),
        random.normal(0, (2 / sizes[1]) ** 0.5, sizes[1:]),
        np.zeros(sizes[2]),
    ]
    means = [np.zeros_like(part) for part in model]
    squares = [np.zeros_like(part) for part in model]
    losses = []
    batch = request["batch"]
    for step in range(request["steps"]):
        first = step % (len(rows) // batch) * batch
        x, y = rows[first : first + batch], labels[first : first + batch]
        hidden, out = scores(model, x)
        share = np.exp(out - out.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        losses.append(float(-np.log(share[np.arange(batch), y]).mean()))
        share[np.arange(batch), y] -= 1
        share /= batch
        back = (share @ model[2].T) * (hidden > 0)
        gradients = [x.T @ back, back.sum(axis=0), hidden.T @ share, share.sum(axis=0)]
        for i, gradient in enumerate(gradients):
            means[i] = 0.9 * means[i] + 0.1 * gradient
            squares[i] = 0.999 * squares[i] + 0.001 * gradient**2
            change = means[i] / (1 - 0.9 ** (step + 1)) / (np.sqrt(squares[i] / (1 - 0.999 ** (step + 1))) + 1e-6)
            model[i] = model[i] - 0.01 * change
    MODELS[request["precision"]] = model
    flat = np.concatenate([part.reshape(-1) for part in model])
    return np.array(losses, dtype="<f8").tobytes() + flat.astype("<f4").tobytes()


def answer(request):
    ask = request["ask"]
    if ask == "train":
        return train(request)
    if ask == "infer":
        model = MODELS[request["precision"]]
        rows = rows_of(request["inputsFile"], model[0].shape[0])
        return np.argmax(scores(model, rows)[1], axis=1).astype(np.uint8).tobytes()
    if ask == "operations":
        return np.random.RandomState(request["seed"]).rand(128).astype("<f8").tobytes()
    if ask == "onnx":
        return b'{"state": "exported", "detail": "1 bytes"}'
    return b""


def send(body):
    write(3, b"A" + pack("<I", len(body)) + body)


send(ABOUT)
rest = b""
while True:
    data = read(3, 65536)
    if not data:
        os._exit(1)
    *lines, rest = (rest + data).split(b"\n")
    for line in lines:
        request = decode(line.decode())
        send(answer(request))
        if request["ask"] == "end":
            os._exit(0)
