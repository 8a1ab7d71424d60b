"""Checks an ONNX file with onnx.checker, runs it in Python's onnxruntime on the inputs in a folder, and compares.

Usage: judge.py MODEL FOLDER: the folder has inputs.json (name, type, shape, file) and outputs.json likewise. Prints one
line of JSON: for each output the largest difference and the largest value.
"""
import json
import sys

import numpy
import onnx
import onnxruntime

model, folder = sys.argv[1:]
onnx.checker.check_model(model, full_check=True)
types = {"float32": numpy.float32, "int64": numpy.int64}


def read(listing):
    entries = json.load(open(f"{folder}/{listing}"))
    return {e["name"]: numpy.fromfile(f"{folder}/{e['file']}", types[e["type"]]).reshape(e["shape"]) for e in entries}


options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 2
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
names = [output.name for output in session.get_outputs()]
answers = dict(zip(names, session.run(None, read("inputs.json"))))
result = {}
for name, expected in read("outputs.json").items():
    result[name] = {
        "error": float(numpy.max(numpy.abs(answers[name] - expected))),
        "scale": float(numpy.max(numpy.abs(expected))),
        "shape": list(answers[name].shape),
    }
print(json.dumps(result))
