"""MindSpore in its dynamic (PyNative) mode."""

import os

import mindspore as ms
import numpy as np
from mindspore import nn, ops


def accelerator():
    for target in ("Ascend", "GPU"):
        try:
            ms.set_context(device_target=target)
            ops.add(ms.Tensor([1.0], ms.float32), ms.Tensor([1.0], ms.float32)).asnumpy()
            return target
        except Exception:
            pass
    ms.set_context(device_target="CPU")
    return ""


class Probe:
    def __init__(self):
        ms.set_context(mode=ms.PYNATIVE_MODE)
        # the task is small: more threads only wait for each other
        ms.set_context(runtime_num_threads=1)
        self.accelerator = accelerator()

    def describe(self):
        return {
            "version": ms.__version__,
            "build": "",
            "devices": ["cpu"] + ([self.accelerator] if self.accelerator else []),
            "device": self.accelerator or "cpu",
            "accelerated": bool(self.accelerator),
        }

    def precisions(self):
        # its Adam takes no 64-bit numbers
        return ["float32", "float16"]

    def tensor(self, rows, inputs, precision):
        return ms.Tensor(np.frombuffer(rows, dtype="<f4").reshape(-1, inputs).copy()).astype(getattr(ms, precision))

    def train(self, precision, task):
        ms.set_seed(task.seed)
        rows = self.tensor(task.rows, task.inputs, precision)
        layers = nn.Dense(task.inputs, task.hidden), nn.ReLU(), nn.Dense(task.hidden, task.classes)
        model = nn.SequentialCell(*layers)
        if precision == "float16":
            # products in 16 bits, weights in 32, as MindSpore means it
            model.to_float(ms.float16)
        optimizer = nn.Adam(model.trainable_params(), learning_rate=task.rate, eps=1e-6)
        labels = ms.Tensor(np.frombuffer(task.labels, dtype=np.uint8).astype(np.int32))
        measure = nn.CrossEntropyLoss()

        def forward(batch, wanted):
            return measure(model(batch).astype(ms.float32), wanted)

        gradient = ms.value_and_grad(forward, None, optimizer.parameters)

        @ms.jit
        def step(batch, wanted):
            loss, gradients = gradient(batch, wanted)
            optimizer(gradients)
            return loss

        losses = []
        for first, last in task.batches():
            loss = step(rows[first:last], labels[first:last])
            losses.append(float(loss.asnumpy()))
        return model, losses

    def weights(self, model):
        flat = []
        for layer in (model[0], model[2]):
            flat += layer.weight.asnumpy().astype(np.float64).T.reshape(-1).tolist()
            flat += layer.bias.asnumpy().astype(np.float64).tolist()
        return flat

    def infer(self, model, precision, rows):
        scores = model(self.tensor(rows, model[0].in_channels, precision))
        return np.argmax(scores.asnumpy().astype(np.float32), axis=1).tolist()

    def onnx(self, model, folder):
        path = os.path.join(folder, "mindspore-model")
        example = ms.Tensor(np.zeros((1, model[0].in_channels), np.float32))
        ms.export(model, example, file_name=path, file_format="ONNX")
        return "exported", "%d bytes" % os.path.getsize(path + ".onnx")
