#!/usr/bin/env python3
"""Makes the reference figures in tests/golden/ with ONNX Runtime.

Nothing here shares code with Rollcall: pictures are decoded by OpenCV's JPEG
decoder, scaled and warped by OpenCV, and the outputs are decoded with numpy.
`cargo test --test golden` compares Rollcall with the figures.

    python3 -m venv .venv && .venv/bin/pip install onnx onnxruntime opencv-python-headless numpy
    .venv/bin/python script/golden.py

Figures written with onnxruntime 1.32 and OpenCV 5.0.
"""

import json
import pathlib

import cv2
import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS = ROOT / "models"
PICTURES = ROOT / "tests" / "fixtures" / "faces"
GOLDEN = ROOT / "tests" / "golden"

ARCFACE_TEMPLATE = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ],
    dtype=np.float64,
)

# Which pictures each detector is compared on, and the sides of its input.
DETECTIONS = [
    ("astronaut.jpg", [320, 640]),
    ("biden.jpg", [320, 640]),
    ("coffee.jpg", [320, 640]),
    ("gauss.jpg", [320, 640]),
    ("newton.jpg", [320, 640]),
    ("obama.jpg", [320, 640]),
    ("obama2.jpg", [320, 640]),
    ("obama3.jpg", [320, 640]),
    ("obama_partial_face.jpg", [320, 640]),
    ("obama_partial_face2.jpg", [320, 640]),
    ("rocket.jpg", [320, 640]),
    ("solvay_conference_1927.jpg", [640]),
]
SCORE_THRESHOLD = {"scrfd": 0.5, "centerface": 0.5}
EMBEDDED = ["astronaut.jpg", "biden.jpg", "gauss.jpg", "newton.jpg", "obama.jpg", "obama2.jpg", "obama3.jpg"]

# Raw outputs: (network, width, height, keep every n-th value of the concatenated outputs).
RAW = [
    ("scrfd_2.5g.onnx", 320, 320, 5),
    ("scrfd_2.5g.onnx", 320, 256, 5),
    ("scrfd_2.5g.onnx", 640, 640, 17),
    ("centerface.onnx", 320, 320, 7),
    ("centerface.onnx", 224, 160, 5),
    ("mobilefacenet_512.onnx", 112, 112, 1),
    ("liveness_128.onnx", 128, 128, 1),
]


def session(model, dynamic):
    """A session for a model file, made to accept any size if `dynamic`."""
    graph = onnx.load(MODELS / model)
    if dynamic:
        make_sizes_relative(graph)
    options = ort.SessionOptions()
    options.log_severity_level = 3
    return ort.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])


def make_sizes_relative(model):
    """Frees the picture size: Resize by a factor of two, Reshape with one free length."""
    graph = model.graph
    constants = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    added = []
    for node in graph.node:
        if node.op_type == "Resize" and len(node.input) == 4 and node.input[3]:
            name = node.name + "_twice"
            added.append(numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), name))
            inputs = [node.input[0], node.input[1], name]
            del node.input[:]
            node.input.extend(inputs)
        if node.op_type == "Reshape" and node.input[1] in constants:
            lengths = constants[node.input[1]].copy()
            if len(lengths) == 3:
                lengths[1] = -1
                name = node.name + "_free"
                added.append(numpy_helper.from_array(lengths, name))
                node.input[1] = name
    graph.initializer.extend(added)
    weights = {i.name for i in graph.initializer}
    for value in graph.input:
        if value.name not in weights:
            dims = value.type.tensor_type.shape.dim
            dims[0].dim_value = 1
            dims[2].dim_param, dims[3].dim_param = "height", "width"
    for value in graph.output:
        for index, dim in enumerate(value.type.tensor_type.shape.dim):
            dim.dim_param = f"{value.name}_{index}"
    del graph.value_info[:]


def run(network, tensor):
    return network.run(None, {network.get_inputs()[0].name: tensor})


def letterbox(rgb, side):
    """Scales the picture to fit a square and pads it, at the right and the
    bottom, to the next multiples of 32 with black."""
    height, width = rgb.shape[:2]
    scale = side / max(width, height)
    new_width = max(1, int(np.floor(width * scale + 0.5)))
    new_height = max(1, int(np.floor(height * scale + 0.5)))
    scaled = resize(rgb, new_width, new_height)
    canvas = np.zeros((-(-new_height // 32) * 32, -(-new_width // 32) * 32, 3), np.uint8)
    canvas[:new_height, :new_width] = scaled
    return canvas, np.array([width / new_width, height / new_height])


def resize(rgb, width, height):
    """In f32, because OpenCV's bilinear scaling of bytes is off by a level here
    and there, which moves a landmark by up to a tenth of a pixel."""
    shrinks_much = rgb.shape[1] > 2 * width or rgb.shape[0] > 2 * height
    method = cv2.INTER_AREA if shrinks_much else cv2.INTER_LINEAR
    scaled = cv2.resize(rgb.astype(np.float32), (width, height), interpolation=method)
    return np.floor(scaled + 0.5).astype(np.uint8)


def as_tensor(picture, mean, scale):
    return ((picture.astype(np.float32) - mean) * np.float32(scale)).transpose(2, 0, 1)[None].copy()


def scrfd(network, rgb, side):
    canvas, frame_from_canvas = letterbox(rgb, side)
    outputs = run(network, as_tensor(canvas, 127.5, 1 / 128))
    found = []
    for level, stride in enumerate((8, 16, 32)):
        scores, boxes, landmarks = (outputs[level + 3 * kind][0] for kind in range(3))
        columns = canvas.shape[1] // stride
        for anchor in np.nonzero(scores[:, 0] >= SCORE_THRESHOLD["scrfd"])[0]:
            cell = anchor // 2
            centre = np.array([cell % columns, cell // columns]) * stride
            left, top, right, bottom = boxes[anchor] * stride
            box = [centre[0] - left, centre[1] - top, centre[0] + right, centre[1] + bottom]
            points = centre + landmarks[anchor].reshape(5, 2) * stride
            found.append((float(scores[anchor, 0]), np.array(box), points))
    return suppress(found, 0.4, frame_from_canvas)


def centerface(network, rgb, side):
    canvas, frame_from_canvas = letterbox(rgb, side)
    heat, log_sizes, offsets, landmarks = (o[0] for o in run(network, as_tensor(canvas, 0, 1)))
    found = []
    for row, column in zip(*np.nonzero(heat[0] >= SCORE_THRESHOLD["centerface"])):
        height, width = np.exp(log_sizes[:, row, column]) * 4
        top = (row + offsets[0, row, column] + 0.5) * 4 - height / 2
        left = (column + offsets[1, row, column] + 0.5) * 4 - width / 2
        points = landmarks[:, row, column].reshape(5, 2)[:, ::-1] * [width, height] + [left, top]
        found.append((float(heat[0, row, column]), np.array([left, top, left + width, top + height]), points))
    return suppress(found, 0.3, frame_from_canvas)


def suppress(found, threshold, frame_from_canvas):
    kept = []
    for score, box, points in sorted(found, key=lambda f: -f[0]):
        if all(overlap(box, other) <= threshold for _, other, _ in kept):
            kept.append((score, box, points))
    return [(s, b * np.tile(frame_from_canvas, 2), p * frame_from_canvas) for s, b, p in kept]


def overlap(a, b):
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def align(rgb, landmarks):
    """Umeyama's closed form by singular values, unlike Rollcall's."""
    from_mean, to_mean = landmarks.mean(0), ARCFACE_TEMPLATE.mean(0)
    from_centred, to_centred = landmarks - from_mean, ARCFACE_TEMPLATE - to_mean
    u, singular, vt = np.linalg.svd(to_centred.T @ from_centred / 5)
    sign = np.array([1, np.sign(np.linalg.det(u @ vt))])
    rotation = u @ np.diag(sign) @ vt
    scale = (singular * sign).sum() / from_centred.var(0).sum()
    matrix = np.hstack([scale * rotation, (to_mean - scale * rotation @ from_mean)[:, None]])
    return cv2.warpAffine(rgb, matrix, (112, 112), flags=cv2.INTER_LINEAR, borderValue=0)


def embed(network, rgb, landmarks):
    aligned = align(rgb, landmarks)
    raw = run(network, as_tensor(aligned[:, :, ::-1], 127.5, 1 / 128))[0][0].astype(np.float64)
    return raw / np.linalg.norm(raw)


def liveness(network, rgb, box):
    """The box scaled 2.7 times about its centre, moved into the picture."""
    height, width = rgb.shape[:2]
    box_width, box_height = box[2] - box[0], box[3] - box[1]
    scale = min((height - 1) / box_height, (width - 1) / box_width, 2.7)
    crop_width, crop_height = box_width * scale, box_height * scale
    left = (box[0] + box[2]) / 2 - crop_width / 2
    top = (box[1] + box[3]) / 2 - crop_height / 2
    left = min(max(left, 0), width - 1 - crop_width)
    top = min(max(top, 0), height - 1 - crop_height)
    x, y = max(int(left), 0), max(int(top), 0)
    crop = rgb[y : y + max(int(crop_height), 1), x : x + max(int(crop_width), 1)]
    logits = run(network, as_tensor(resize(crop, 128, 128)[:, :, ::-1], 0, 1))[0][0].astype(np.float64)
    powers = np.exp(logits - logits.max())
    return powers[0] / powers.sum()


def pattern(width, height):
    """Curved stripes in whole numbers, which any language reproduces exactly."""
    channel, y, x = np.ogrid[0:3, 0:height, 0:width]
    return ((x * x + 3 * y * y + 5 * x * y + 970 * channel) // 16 % 256).astype(np.float32)[None]


def write_raw():
    entries = []
    for model, width, height, step in RAW:
        is_detector = model in ("scrfd_2.5g.onnx", "centerface.onnx")
        mean, scale = (127.5, 1 / 128) if model in ("scrfd_2.5g.onnx", "mobilefacenet_512.onnx") else (0, 1)
        tensor = (pattern(width, height) - np.float32(mean)) * np.float32(scale)
        outputs = run(session(model, is_detector), tensor)
        values = np.concatenate([o.ravel() for o in outputs]).astype("<f4")[::step]
        file = f"{model.removesuffix('.onnx')}_{width}x{height}.f32"
        (GOLDEN / file).write_bytes(values.tobytes())
        entries.append(
            {
                "model": model,
                "width": width,
                "height": height,
                "mean": mean,
                "scale": scale,
                "shapes": [list(o.shape) for o in outputs],
                "step": step,
                "file": file,
            }
        )
    write_json("raw.json", entries)


def write_pictures():
    detectors = {
        "scrfd": (scrfd, session("scrfd_2.5g.onnx", True)),
        "centerface": (centerface, session("centerface.onnx", True)),
    }
    embedder, judge = session("mobilefacenet_512.onnx", False), session("liveness_128.onnx", False)
    detections, faces = [], []
    for picture, sides in DETECTIONS:
        rgb = cv2.imread(str(PICTURES / picture), cv2.IMREAD_COLOR)[:, :, ::-1].copy()
        for name, (detect, network) in detectors.items():
            for side in sides:
                found = detect(network, rgb, side)
                detections.append(
                    {
                        "picture": picture,
                        "detector": name,
                        "side": side,
                        "faces": [
                            {"score": round(s, 4), "box": rounded(b, 3), "landmarks": rounded(p.ravel(), 3)}
                            for s, b, p in found
                        ],
                    }
                )
                if name == "scrfd" and side == 320 and picture in EMBEDDED:
                    _, box, points = found[0]
                    faces.append(
                        {
                            "picture": picture,
                            "liveness": round(float(liveness(judge, rgb, box)), 5),
                            "embedding": rounded(embed(embedder, rgb, points), 6),
                        }
                    )
    write_json("detections.json", detections)
    write_json("faces.json", faces)


def rounded(values, digits):
    return [round(float(v), digits) for v in values]


def write_json(name, entries):
    """One entry a line, so that a change reads as a change."""
    lines = ",\n".join(json.dumps(e, separators=(",", ":")) for e in entries)
    (GOLDEN / name).write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    write_raw()
    write_pictures()
