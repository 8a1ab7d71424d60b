"""PaddlePaddle in its dynamic mode, with vendor plug-ins (custom devices)."""

import importlib.util
import os

import numpy as np
import paddle


def accelerator():
    if paddle.device.is_compiled_with_cuda() and paddle.device.cuda.device_count() > 0:
        return "gpu:0"
    for kind in getattr(paddle.device, "get_all_custom_device_type", list)() or []:
        return kind + ":0"
    if getattr(paddle.device, "is_compiled_with_xpu", lambda: False)():
        return "xpu:0"
    return ""


class Probe:
    def __init__(self):
        self.accelerator = accelerator()
        paddle.set_device(self.accelerator or "cpu")

    def describe(self):
        return {
            "version": paddle.__version__,
            "build": "commit %s, cuda %s" % (paddle.version.commit, paddle.version.cuda()),
            "devices": ["cpu"] + ([self.accelerator] if self.accelerator else []),
            "device": self.accelerator or "cpu",
            "accelerated": bool(self.accelerator),
        }

    def precisions(self):
        # its processor kernels have no complete 16-bit training
        return ["float32", "float64"] + (["bfloat16", "float16"] if self.accelerator else [])

    def tensor(self, rows, inputs, precision):
        return paddle.to_tensor(np.frombuffer(rows, dtype="<f4").reshape(-1, inputs).copy()).astype(precision)

    def train(self, precision, task):
        paddle.seed(task.seed)
        rows = self.tensor(task.rows, task.inputs, precision)
        labels = paddle.to_tensor(np.frombuffer(task.labels, dtype=np.uint8).astype(np.int64))
        model = paddle.nn.Sequential(
            paddle.nn.Linear(task.inputs, task.hidden),
            paddle.nn.ReLU(),
            paddle.nn.Linear(task.hidden, task.classes),
        )
        model.to(dtype=precision)
        optimizer = paddle.optimizer.Adam(learning_rate=task.rate, epsilon=1e-6, parameters=model.parameters())
        measure = paddle.nn.CrossEntropyLoss()
        losses = []
        for first, last in task.batches():
            scores = model(rows[first:last])
            loss = measure(scores if precision == "float64" else scores.astype("float32"), labels[first:last])
            loss.backward()
            optimizer.step()
            optimizer.clear_grad()
            losses.append(float(loss))
        return model, losses

    def weights(self, model):
        parts = [model[0].weight, model[0].bias, model[2].weight, model[2].bias]
        return [value for part in parts for value in part.astype("float64").numpy().reshape(-1).tolist()]

    def infer(self, model, precision, rows):
        with paddle.no_grad():
            scores = model(self.tensor(rows, model[0].weight.shape[0], precision))
            return paddle.argmax(scores.astype("float32"), axis=1).numpy().tolist()

    def onnx(self, model, folder):
        if importlib.util.find_spec("paddle2onnx") is None:
            return "absent", "needs the package paddle2onnx"
        path = os.path.join(folder, "paddle-model")
        shape = paddle.static.InputSpec([None, model[0].weight.shape[0]], "float32")
        paddle.onnx.export(model, path, input_spec=[shape])
        return "exported", "%d bytes" % os.path.getsize(path + ".onnx")
