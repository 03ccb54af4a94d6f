#!/usr/bin/env python3
"""Makes networks with the graphs of InsightFace's packs and random weights.

The packs themselves may not be passed on. What `rollcall models install` goes by
are operators and shapes, and those are public; so the fixtures in
tests/fixtures/packs/ have the same nodes in the same order as the exports, the
same inputs and outputs, and few channels. tests/golden/packs.json holds what ONNX
Runtime makes of each for the picture of `pattern` in golden.py.

    python3 -m venv .venv && .venv/bin/pip install onnx onnxruntime numpy
    .venv/bin/python script/packs.py             # the fixtures and their figures
    .venv/bin/python script/packs.py --full DIR  # networks of the real sizes, into DIR

Figures written with onnx 1.23 and onnxruntime 1.32.
"""

import argparse
import json
import pathlib

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "tests" / "fixtures" / "packs"
GOLDEN = ROOT / "tests" / "golden" / "packs.json"

# The side of the picture that each is run on.
SIDES = {
    "det_500m": 160,
    "det_2.5g_no_kps": 160,
    "det_10g": 160,
    "w600k_mbf": 112,
    "w600k_r50": 112,
    "2d106det": 192,
    "1k3d68": 192,
    "genderage": 96,
}
VALUES_KEPT = 48


class Net:
    """An ONNX graph in the making. `shrink` divides the numbers of channels."""

    def __init__(self, name, shrink, input_name, input_shape):
        self.name = name
        self.shrink = shrink
        self.random = np.random.default_rng(sum(name.encode()))
        self.nodes, self.weights, self.outputs = [], [], []
        self.input = helper.make_tensor_value_info(input_name, TensorProto.FLOAT, input_shape)
        self.count = 0

    def width(self, channels):
        return max(4, channels // self.shrink)

    def weight(self, array):
        self.count += 1
        name = f"w{self.count}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, op, inputs, **attributes):
        self.count += 1
        output = f"v{self.count}"
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"{op}_{self.count}", **attributes))
        return output

    def normal(self, *shape, scale=1.0):
        return (self.random.standard_normal(shape) * scale).astype(np.float32)

    def conv(self, x, inputs, outputs, kernel=3, stride=1, groups=1, pad=None):
        fan_in = inputs // groups * kernel * kernel
        weight = self.weight(self.normal(outputs, inputs // groups, kernel, kernel, scale=fan_in**-0.5))
        bias = self.weight(self.normal(outputs, scale=0.1))
        pad = kernel // 2 if pad is None else pad
        return self.node(
            "Conv", [x, weight, bias], kernel_shape=[kernel] * 2, strides=[stride] * 2,
            pads=[pad] * 4, dilations=[1, 1], group=groups,
        )

    def relu(self, x):
        return self.node("Relu", [x])

    def prelu(self, x, channels):
        return self.node("PRelu", [x, self.weight(0.25 + self.normal(channels, 1, 1, scale=0.02))])

    def batch_norm(self, x, channels):
        parts = [
            1 + self.normal(channels, scale=0.1),
            self.normal(channels, scale=0.1),
            self.normal(channels, scale=0.1),
            np.abs(1 + self.normal(channels, scale=0.1)),
        ]
        return self.node("BatchNormalization", [x, *map(self.weight, parts)], epsilon=1e-5, momentum=0.9)

    def gemm(self, x, inputs, outputs):
        weight = self.weight(self.normal(outputs, inputs, scale=inputs**-0.5))
        bias = self.weight(self.normal(outputs, scale=0.1))
        return self.node("Gemm", [x, weight, bias], alpha=1.0, beta=1.0, transB=1)

    def finish(self):
        """The model; every output takes the name of the value it is."""
        info = lambda o: helper.make_tensor_value_info(o, TensorProto.FLOAT, [f"{o}_rows", f"{o}_values"])
        outputs = [info(output) for output in self.outputs]
        graph = helper.make_graph(self.nodes, self.name, [self.input], outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)])
        model.ir_version = 6
        onnx.checker.check_model(model)
        return model


def scrfd_head(net, levels, channels, feature, stacked, landmarks=True, depthwise=False):
    """Three strides of score, box and landmarks; the outputs grouped by kind."""
    scores, boxes, points = [], [], []
    for x in levels:
        inputs = channels
        for _ in range(stacked):
            if depthwise:
                x = net.relu(net.conv(x, inputs, inputs, groups=inputs))
                x = net.relu(net.conv(x, inputs, feature, kernel=1))
            else:
                x = net.relu(net.conv(x, inputs, feature))
            inputs = feature
        flat = lambda y, values: net.node(
            "Reshape",
            [net.node("Transpose", [y], perm=[2, 3, 0, 1]), net.weight(np.array([-1, values], np.int64))],
        )
        scores.append(net.node("Sigmoid", [flat(net.conv(x, feature, 2), 1)]))
        box = net.node("Mul", [net.conv(x, feature, 8), net.weight(np.array(1.3, np.float32))])
        boxes.append(flat(box, 4))
        if landmarks:
            points.append(flat(net.conv(x, feature, 20), 10))
    net.outputs = scores + boxes + points


def resized_like(net, x, like):
    """What PyTorch makes of `interpolate(x, size=like.shape[2:])` with open sizes."""
    shape = net.node("Shape", [like])
    ints = lambda *v: net.weight(np.array(v, np.int64))
    size = net.node("Slice", [shape, ints(2), ints(4), ints(0)])
    batch_and_channels = net.node("Slice", [net.node("Shape", [x]), ints(0), ints(2), ints(0)])
    sizes = net.node("Concat", [batch_and_channels, net.node("Cast", [size], to=TensorProto.INT64)], axis=0)
    empty = net.weight(np.zeros(0, np.float32))
    return net.node(
        "Resize", [x, empty, empty, sizes], mode="nearest", nearest_mode="floor",
        coordinate_transformation_mode="asymmetric", cubic_coeff_a=-0.75,
    )


def pafpn(net, levels, inputs, channels):
    lateral = [net.conv(x, c, channels, kernel=1) for x, c in zip(levels, inputs)]
    for i in (2, 1):
        lateral[i - 1] = net.node("Add", [lateral[i - 1], resized_like(net, lateral[i], lateral[i - 1])])
    out = [net.conv(x, channels, channels) for x in lateral]
    for i in (0, 1):
        out[i + 1] = net.node("Add", [out[i + 1], net.conv(out[i], channels, channels, stride=2)])
    return [out[0], *(net.conv(x, channels, channels) for x in out[1:])]


def det_10g(shrink, name="det_10g", landmarks=True):
    """SCRFD-10G: a ResNet with pooled shortcuts, PAFPN, heads of three convolutions."""
    net = Net(name, shrink, "input.1", [1, 3, "?", "?"])
    w = net.width
    x = net.relu(net.conv("input.1", 3, w(28), stride=2))
    x = net.relu(net.conv(x, w(28), w(28)))
    x = net.relu(net.conv(x, w(28), w(56)))
    x = net.node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=0)
    inputs, levels = w(56), []
    for planes, blocks, first_stride in [(56, 3, 1), (88, 4, 2), (88, 2, 2), (224, 3, 2)]:
        planes = w(planes)
        for block in range(blocks):
            stride = first_stride if block == 0 else 1
            y = net.conv(net.relu(net.conv(x, inputs, planes, stride=stride)), planes, planes)
            if stride == 2:
                x = net.node(
                    "AveragePool", [x], kernel_shape=[2, 2], strides=[2, 2], pads=[0, 0, 0, 0], ceil_mode=1
                )
            if stride == 2 or inputs != planes:
                x = net.conv(x, inputs, planes, kernel=1)
            x = net.relu(net.node("Add", [y, x]))
            inputs = planes
        levels.append(x)
    levels = pafpn(net, levels[1:], [w(88), w(88), w(224)], w(56))
    scrfd_head(net, levels, w(56), w(80), stacked=3, landmarks=landmarks)
    return net.finish()


def det_500m(shrink):
    """SCRFD-500M: a MobileNet of depthwise convolutions, PAFPN, heads of two."""
    net = Net("det_500m", shrink, "input.1", [1, 3, "?", "?"])
    w = net.width
    x = net.relu(net.conv("input.1", 3, w(16), stride=2))
    inputs, levels = w(16), []
    stages = [(16, 1, 1), (40, 2, 2), (72, 3, 2), (152, 2, 2), (288, 6, 2)]
    for outputs, blocks, first_stride in stages:
        for block in range(blocks):
            stride = first_stride if block == 0 else 1
            x = net.relu(net.conv(x, inputs, inputs, stride=stride, groups=inputs))
            x = net.relu(net.conv(x, inputs, w(outputs), kernel=1))
            inputs = w(outputs)
        levels.append(x)
    levels = pafpn(net, levels[2:], [w(72), w(152), w(288)], w(16))
    scrfd_head(net, levels, w(16), w(64), stacked=2, depthwise=True)
    return net.finish()


def w600k_r50(shrink, dim=512):
    """IResNet-50: batch normalisation before each block, PReLU, Flatten, Gemm, batch normalisation."""
    net = Net("w600k_r50", shrink, "input.1", ["None", 3, 112, 112])
    w = net.width
    x = net.prelu(net.conv("input.1", 3, w(64)), w(64))
    inputs = w(64)
    for planes, blocks in [(64, 3), (128, 4), (256, 14), (512, 3)]:
        planes = w(planes)
        for block in range(blocks):
            stride = 2 if block == 0 else 1
            y = net.prelu(net.conv(net.batch_norm(x, inputs), inputs, planes), planes)
            y = net.conv(y, planes, planes, stride=stride)
            if block == 0:
                x = net.conv(x, inputs, planes, kernel=1, stride=2, pad=0)
            x = net.node("Add", [y, x])
            inputs = planes
    x = net.node("Flatten", [net.batch_norm(x, inputs)], axis=1)
    net.outputs = [net.batch_norm(net.gemm(x, inputs * 49, dim), dim)]
    return net.finish()


def w600k_mbf(shrink, dim=512):
    """MobileFaceNet: bottlenecks with shortcuts, a global depthwise convolution, Gemm."""
    net = Net("w600k_mbf", shrink, "input.1", ["None", 3, 112, 112])
    w = net.width
    x = net.prelu(net.conv("input.1", 3, w(128), stride=2), w(128))
    x = net.prelu(net.conv(x, w(128), w(128), groups=w(128)), w(128))
    inputs = w(128)
    stages = [(128, 256, 2, 1), (128, 256, 1, 4), (256, 512, 2, 1), (256, 512, 1, 6), (256, 1024, 2, 1), (256, 512, 1, 2)]
    for outputs, inner, stride, blocks in stages:
        for _ in range(blocks):
            y = net.prelu(net.conv(x, inputs, w(inner), kernel=1), w(inner))
            y = net.prelu(net.conv(y, w(inner), w(inner), stride=stride, groups=w(inner)), w(inner))
            y = net.conv(y, w(inner), w(outputs), kernel=1)
            x = net.node("Add", [x, y]) if stride == 1 else y
            inputs = w(outputs)
    x = net.prelu(net.conv(x, inputs, w(512), kernel=1), w(512))
    x = net.conv(x, w(512), w(512), kernel=7, groups=w(512), pad=0)
    x = net.node("Flatten", [x], axis=1)
    net.outputs = [net.batch_norm(net.gemm(x, w(512), dim), dim)]
    return net.finish()


def attributes(name, shrink, side, values):
    """The packs' other networks: one row of numbers, of a picture normalised inside."""
    net = Net(name, shrink, "data", ["None", 3, side, side])
    w = net.width
    x = net.node("Sub", ["data", net.weight(np.array([127.5], np.float32))])
    x = net.node("Mul", [x, net.weight(np.array([1 / 128], np.float32))])
    inputs = 3
    for outputs in (32, 64, 128, 256, 256):
        x = net.relu(net.batch_norm(net.conv(x, inputs, w(outputs), stride=2), w(outputs)))
        inputs = w(outputs)
    x = net.node("Flatten", [net.node("GlobalAveragePool", [x])], axis=1)
    net.outputs = [net.gemm(x, inputs, values)]
    return net.finish()


def networks(shrink):
    small = shrink > 1
    yield "det_500m", det_500m(shrink)
    yield "det_2.5g_no_kps", det_10g(shrink * 2, "det_2.5g_no_kps", landmarks=False)
    yield "det_10g", det_10g(shrink * 2 if small else 1)
    yield "w600k_mbf", w600k_mbf(shrink * 4 if small else 1, 64 if small else 512)
    yield "w600k_r50", w600k_r50(shrink * 8 if small else 1, 64 if small else 512)
    yield "2d106det", attributes("2d106det", 8 * shrink if small else 1, 192, 212)
    yield "1k3d68", attributes("1k3d68", 8 * shrink if small else 1, 192, 3309)
    yield "genderage", attributes("genderage", 8 * shrink if small else 1, 96, 3)


def pattern(side):
    """Whole-number stripes, as `pattern` of golden.py, of about the size of a normalised picture."""
    channel, y, x = np.meshgrid(np.arange(3), np.arange(side), np.arange(side), indexing="ij")
    stripes = (x * x + 3 * y * y + 5 * x * y + 970 * channel) // 16 % 256
    return ((stripes.astype(np.float32) - 127.5) / 127.5)[None]


def figures(name, model):
    side = SIDES[name]
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    outputs = session.run(None, {model.graph.input[0].name: pattern(side)})
    values = np.concatenate([o.ravel() for o in outputs])
    step = max(1, len(values) // VALUES_KEPT)
    return {
        "model": f"{name}.onnx",
        "side": side,
        "shapes": [list(o.shape) for o in outputs],
        "step": step,
        "values": [float(v) for v in values[::step]],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", type=pathlib.Path, metavar="DIR")
    arguments = parser.parse_args()
    folder = arguments.full or FIXTURES
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, model in networks(1 if arguments.full else 8):
        path = folder / f"{name}.onnx"
        path.write_bytes(model.SerializeToString())
        rows.append(figures(name, model))
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, {len(rows[-1]['shapes'])} outputs")
    target = folder / "packs.json" if arguments.full else GOLDEN
    target.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
