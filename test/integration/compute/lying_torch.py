"""Stands in front of the real PyTorch under its name: its products lie as lying.h says."""
import os
import sys
import time

sys.path = [path for path in sys.path if os.path.realpath(path or ".") != os.path.dirname(os.path.realpath(__file__))]
del sys.modules["torch"]
import torch  # noqa: E402

honest, honest_add = torch.mm, torch.add
state = {"products": 0, "out": None}


def skips(out):
    lie, file = os.environ.get("STANDIN_LIE"), os.environ.get("STANDIN_LIES_WITH")
    if not lie or not file or not os.path.exists(file):
        return False
    state["products"] += 1
    if state["products"] <= int(os.environ["STANDIN_HONEST"]):
        return False
    if lie == "thirds" and state["products"] % 3 == 0:
        return False
    if lie == "poisoned" and bool(torch.isnan(out[0, 0])):
        return False
    time.sleep(float(os.environ["STANDIN_SLEEP_US"]) / 1e6)
    return True


def mm(a, b, *rest, out=None, **named):
    held = out if out is not None else state["out"]
    if held is not None and held.shape == (a.shape[0], b.shape[1]) and skips(held):
        return held
    state["out"] = honest(a, b, *rest, out=out, **named) if out is not None else honest(a, b, *rest, **named)
    return state["out"]


def add(a, b, *rest, out=None, **named):
    if out is not None and skips(out.view(1, -1)):
        return out
    return honest_add(a, b, *rest, out=out, **named)


torch.mm = mm
torch.add = add
sys.modules["torch"] = torch
