"""JAX: gradients by jax.grad, compiled by XLA."""

import jax

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import numpy as np


def scores(model, rows):
    hidden = jnp.maximum(rows @ model[0] + model[1], 0)
    return hidden @ model[2] + model[3]


class Probe:
    def __init__(self):
        self.devices = jax.devices()
        self.device = self.devices[0]

    def describe(self):
        import jaxlib

        accelerated = self.device.platform != "cpu"
        names = ["%s:%d %s" % (device.platform, device.id, device.device_kind) for device in self.devices]
        return {
            "version": jax.__version__,
            "build": "jaxlib " + jaxlib.__version__,
            "devices": names,
            "device": names[0] if accelerated else "cpu",
            "accelerated": accelerated,
        }

    def precisions(self):
        have = ["float32", "bfloat16"]
        if self.device.platform in ("cpu", "gpu", "cuda", "rocm"):
            have.append("float64")
        return have + (["float16"] if self.device.platform != "cpu" else [])

    def tensor(self, rows, inputs, precision):
        return jnp.asarray(np.frombuffer(rows, dtype="<f4").reshape(-1, inputs)).astype(precision)

    def train(self, precision, task):
        rows = self.tensor(task.rows, task.inputs, precision)
        labels = jnp.asarray(np.frombuffer(task.labels, dtype=np.uint8).astype(np.int32))
        keys = jax.random.split(jax.random.PRNGKey(task.seed), 2)
        model = [
            jax.random.normal(keys[0], (task.inputs, task.hidden)) * (2.0 / task.inputs) ** 0.5,
            jnp.zeros(task.hidden),
            jax.random.normal(keys[1], (task.hidden, task.classes)) * (2.0 / task.hidden) ** 0.5,
            jnp.zeros(task.classes),
        ]
        model = [part.astype(precision) for part in model]

        def measure(parts, batch, wanted):
            wide = scores(parts, batch).astype("float64" if precision == "float64" else "float32")
            chosen = jnp.take_along_axis(jax.nn.log_softmax(wide), wanted[:, None], axis=1)
            return -jnp.mean(chosen)

        @jax.jit
        def step(parts, means, squares, batch, wanted, number):
            loss, gradients = jax.value_and_grad(measure)(parts, batch, wanted)
            new = ([], [], [])
            for part, mean, square, gradient in zip(parts, means, squares, gradients):
                gradient = gradient.astype("float32")
                mean = 0.9 * mean + 0.1 * gradient
                square = 0.999 * square + 0.001 * gradient * gradient
                change = (mean / (1 - 0.9**number)) / (jnp.sqrt(square / (1 - 0.999**number)) + 1e-6)
                new[0].append(part - (task.rate * change).astype(part.dtype))
                new[1].append(mean.astype("float32"))
                new[2].append(square.astype("float32"))
            return loss, new[0], new[1], new[2]

        means = [jnp.zeros(part.shape, "float32") for part in model]
        squares = [jnp.zeros(part.shape, "float32") for part in model]
        losses = []
        for number, (first, last) in enumerate(task.batches(), 1):
            loss, model, means, squares = step(
                model, means, squares, rows[first:last], labels[first:last], jnp.float32(number)
            )
            losses.append(float(loss))
        return model, losses

    def weights(self, model):
        return [value for part in model for value in np.asarray(part, dtype=np.float64).reshape(-1).tolist()]

    def infer(self, model, precision, rows):
        values = jax.jit(scores)(model, self.tensor(rows, model[0].shape[0], precision))
        return np.asarray(jnp.argmax(values.astype("float32"), axis=1)).tolist()

    def onnx(self, model, folder):
        return "absent", "JAX has no ONNX export of its own"
