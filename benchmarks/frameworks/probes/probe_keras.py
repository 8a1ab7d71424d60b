"""Keras: a front end; it counts as the engine that it computes with."""

import keras
import numpy as np

ENGINES = {"tensorflow": "tensorflow", "torch": "torch", "jax": "jax"}


def devices():
    list_devices = getattr(getattr(keras, "distribution", None), "list_devices", None)
    try:
        return [str(device) for device in list_devices()] if list_devices else ["cpu"]
    except Exception:
        return ["cpu"]


class Probe:
    def __init__(self):
        name = keras.backend.backend() if hasattr(keras, "backend") else "tensorflow"
        self.backend = ENGINES.get(name, name)

    def describe(self):
        names = devices()
        accelerators = [name for name in names if not name.lower().startswith("cpu")]
        return {
            "version": keras.__version__,
            "build": "on " + self.backend,
            "devices": names,
            "device": accelerators[0] if accelerators else "cpu",
            "accelerated": bool(accelerators),
        }

    def precisions(self):
        return ["float32", "bfloat16", "float64"]

    def train(self, precision, task):
        keras.utils.set_random_seed(task.seed % (2**31))
        rows = np.frombuffer(task.rows, dtype="<f4").reshape(-1, task.inputs)
        labels = np.frombuffer(task.labels, dtype=np.uint8).astype(np.int64)
        # 16 bits for the products only, as Keras means it: its Adam stands still where 0.999 rounds to 1
        policy = "mixed_bfloat16" if precision == "bfloat16" else precision
        model = keras.Sequential(
            [
                keras.Input((task.inputs,)),
                keras.layers.Dense(task.hidden, activation="relu", dtype=policy),
                keras.layers.Dense(task.classes, dtype=policy),
            ]
        )
        model.compile(
            optimizer=keras.optimizers.Adam(learning_rate=task.rate, epsilon=1e-6),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        losses = [float(model.train_on_batch(rows[a:b], labels[a:b])) for a, b in task.batches()]
        # train_on_batch gives the mean since the start, which is the last loss only if the steps are one
        losses[-1] = float(model.evaluate(rows, labels, verbose=0))
        return model, losses

    def weights(self, model):
        return [value for part in model.get_weights() for value in np.asarray(part, np.float64).reshape(-1).tolist()]

    def infer(self, model, precision, rows):
        values = np.frombuffer(rows, dtype="<f4").reshape(-1, model.input_shape[1])
        return np.argmax(np.asarray(model.predict(values, verbose=0), dtype=np.float32), axis=1).tolist()

    def onnx(self, model, folder):
        return "absent", "exported by its engine"
