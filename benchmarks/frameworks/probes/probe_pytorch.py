"""PyTorch and its vendor builds (torch_npu, torch_mlu, torch_musa, ROCm, MetaX, Iluvatar)."""

import importlib
import importlib.util
import io
import warnings

warnings.filterwarnings("ignore")
import torch

PLUG_INS = ("torch_npu", "torch_mlu", "torch_musa", "torch_gcu", "torch_xmlir")
DEVICES = ("cuda", "npu", "mlu", "musa", "gcu", "xpu")


def accelerator():
    for plug_in in PLUG_INS:
        if importlib.util.find_spec(plug_in) is not None:
            importlib.import_module(plug_in)
    for name in DEVICES:
        module = getattr(torch, name, None)
        if module is not None and getattr(module, "is_available", lambda: False)():
            return name, module
    return None, None


class Probe:
    def __init__(self):
        self.name, self.module = accelerator()
        self.device = torch.device(self.name + ":0" if self.name else "cpu")

    def describe(self):
        devices = ["cpu"]
        label = "cpu"
        if self.name:
            count = self.module.device_count()
            names = [self.module.get_device_name(index) for index in range(count)]
            devices += ["%s:%d %s" % (self.name, index, name) for index, name in enumerate(names)]
            label = devices[1] if count else "cpu"
        build = "cuda %s, hip %s" % (torch.version.cuda, getattr(torch.version, "hip", None))
        return {
            "version": torch.__version__,
            "build": build,
            "devices": devices,
            "device": label,
            "accelerated": self.device.type != "cpu",
        }

    def precisions(self):
        have = ["float32", "bfloat16"]
        if self.device.type in ("cpu", "cuda"):
            have.append("float64")
        if self.device.type != "cpu":
            have.append("float16")
        return have

    def tensor(self, rows, inputs, dtype):
        values = torch.frombuffer(bytearray(rows), dtype=torch.float32).reshape(-1, inputs)
        return values.to(device=self.device, dtype=dtype)

    def train(self, precision, task):
        torch.manual_seed(task.seed)
        dtype = getattr(torch, precision)
        rows = self.tensor(task.rows, task.inputs, dtype)
        labels = torch.frombuffer(bytearray(task.labels), dtype=torch.uint8).to(device=self.device, dtype=torch.int64)
        model = torch.nn.Sequential(
            torch.nn.Linear(task.inputs, task.hidden),
            torch.nn.ReLU(),
            torch.nn.Linear(task.hidden, task.classes),
        ).to(device=self.device, dtype=dtype)
        optimizer = torch.optim.Adam(model.parameters(), lr=task.rate, eps=1e-6)
        measure = torch.nn.CrossEntropyLoss()
        losses = []
        for first, last in task.batches():
            optimizer.zero_grad()
            # the loss in 32 bits at least: the logarithm of a 16-bit softmax ends too early
            scores = model(rows[first:last])
            loss = measure(scores if precision == "float64" else scores.float(), labels[first:last])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return model, losses

    def weights(self, model):
        flat = []
        for layer in (model[0], model[2]):
            flat += layer.weight.detach().t().reshape(-1).double().cpu().tolist()
            flat += layer.bias.detach().double().cpu().tolist()
        return flat

    def infer(self, model, precision, rows):
        with torch.no_grad():
            scores = model(self.tensor(rows, model[0].in_features, getattr(torch, precision)))
        return scores.float().argmax(dim=1).cpu().tolist()

    def onnx(self, model, folder):
        if not hasattr(torch, "onnx"):
            return "absent", "this build has no torch.onnx"
        buffer = io.BytesIO()
        example = torch.zeros(1, model[0].in_features, dtype=model[0].weight.dtype, device=self.device)
        try:
            torch.onnx.export(model, example, buffer)
        except ImportError as error:
            return "absent", "needs a further package: " + str(error)
        return "exported", "%d bytes" % len(buffer.getvalue())
