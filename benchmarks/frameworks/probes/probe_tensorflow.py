"""TensorFlow: its own variables, gradient tape and kernels, without Keras."""

import importlib.util

import tensorflow as tf


def parameters(task, dtype):
    generator = tf.random.Generator.from_seed(task.seed)
    first = generator.normal([task.inputs, task.hidden], stddev=(2.0 / task.inputs) ** 0.5)
    second = generator.normal([task.hidden, task.classes], stddev=(2.0 / task.hidden) ** 0.5)
    values = [first, tf.zeros([task.hidden]), second, tf.zeros([task.classes])]
    return [tf.Variable(tf.cast(value, dtype)) for value in values]


def scores(model, rows):
    hidden = tf.nn.relu(tf.matmul(rows, model[0]) + model[1])
    return tf.matmul(hidden, model[2]) + model[3]


class Probe:
    def __init__(self):
        self.accelerators = [device for device in tf.config.list_logical_devices() if device.device_type != "CPU"]
        self.device = self.accelerators[0].name if self.accelerators else "/CPU:0"

    def describe(self):
        build = tf.sysconfig.get_build_info()
        return {
            "version": tf.__version__,
            "build": ", ".join("%s %s" % (key, build[key]) for key in sorted(build))[:1500],
            "devices": ["cpu"] + [device.name for device in self.accelerators],
            "device": self.accelerators[0].name if self.accelerators else "cpu",
            "accelerated": bool(self.accelerators),
        }

    def precisions(self):
        return ["float32", "bfloat16", "float64"] + (["float16"] if self.accelerators else [])

    def tensor(self, rows, inputs, precision):
        values = tf.reshape(tf.io.decode_raw(rows, tf.float32), [-1, inputs])
        return tf.cast(values, getattr(tf, precision))

    def train(self, precision, task):
        with tf.device(self.device):
            dtype = getattr(tf, precision)
            rows = self.tensor(task.rows, task.inputs, precision)
            labels = tf.cast(tf.io.decode_raw(task.labels, tf.uint8), tf.int32)
            model = parameters(task, dtype)
            means = [tf.Variable(tf.zeros_like(part, dtype=tf.float32)) for part in model]
            squares = [tf.Variable(tf.zeros_like(part, dtype=tf.float32)) for part in model]

            @tf.function
            def step(batch, wanted, number):
                with tf.GradientTape() as tape:
                    wide = tf.cast(scores(model, batch), tf.float64 if precision == "float64" else tf.float32)
                    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=wanted, logits=wide))
                for part, mean, square, gradient in zip(model, means, squares, tape.gradient(loss, model)):
                    gradient = tf.cast(gradient, tf.float32)
                    mean.assign(0.9 * mean + 0.1 * gradient)
                    square.assign(0.999 * square + 0.001 * gradient * gradient)
                    change = (mean / (1.0 - 0.9**number)) / (tf.sqrt(square / (1.0 - 0.999**number)) + 1e-6)
                    part.assign_sub(tf.cast(task.rate * change, part.dtype))
                return loss

            losses = []
            for number, (first, last) in enumerate(task.batches(), 1):
                loss = step(rows[first:last], labels[first:last], tf.constant(float(number)))
                losses.append(float(loss))
        return model, losses

    def weights(self, model):
        return [value for part in model for value in tf.reshape(tf.cast(part, tf.float64), [-1]).numpy().tolist()]

    def infer(self, model, precision, rows):
        with tf.device(self.device):
            values = scores(model, self.tensor(rows, model[0].shape[0], precision))
            return tf.argmax(tf.cast(values, tf.float32), axis=1).numpy().tolist()

    def onnx(self, model, folder):
        if importlib.util.find_spec("tf2onnx") is None:
            return "absent", "needs the package tf2onnx"
        import tf2onnx

        shape = tf.TensorSpec([None, model[0].shape[0]], model[0].dtype)
        proto, _ = tf2onnx.convert.from_function(tf.function(lambda rows: scores(model, rows)), [shape])
        return "exported", "%d bytes" % proto.ByteSize()
