"""Numbers that only the engine's own generators give, for one seed: operations.ts computes them anew.

Always on the processor: the generators of accelerators are others.
"""


def torch(seed):
    import torch

    own = torch.Generator(device="cpu")
    own.manual_seed(seed)
    uniform = torch.rand(64, generator=own, dtype=torch.float32, device="cpu")
    order = torch.randperm(32, generator=own, device="cpu")
    normal = torch.randn(32, generator=own, dtype=torch.float32, device="cpu")
    return uniform.double().tolist() + order.double().tolist() + normal.double().tolist()


def tensorflow(seed):
    import tensorflow as tf

    with tf.device("/CPU:0"):
        pair = [seed, seed + 1]
        bits = tf.random.stateless_uniform([64], pair, minval=None, maxval=None, dtype=tf.int32, alg="philox")
        uniform = tf.random.stateless_uniform([32], pair, dtype=tf.float32, alg="philox")
        return [value % 2**32 for value in bits.numpy().tolist()] + uniform.numpy().tolist()


def paddle(seed):
    import paddle

    device = paddle.device.get_device()
    paddle.set_device("cpu")
    try:
        paddle.seed(seed)
        single = paddle.rand([64], dtype="float32").numpy().tolist()
        return single + paddle.rand([32], dtype="float64").numpy().tolist()
    finally:
        paddle.set_device(device)


def jax(seed):
    import jax
    import numpy as np

    with jax.default_device(jax.devices("cpu")[0]):
        key = jax.random.PRNGKey(seed)
        keys = jax.vmap(lambda number: jax.random.fold_in(key, number))(np.arange(48, dtype=np.uint32))
        return np.asarray(keys).reshape(-1).tolist()


OPERATIONS = {"torch": torch, "tensorflow": tensorflow, "paddle": paddle, "jax": jax}
