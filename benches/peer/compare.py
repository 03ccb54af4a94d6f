"""Rollcall's engine against ONNX Runtime: same models, same inputs, same number
of threads, taking turns.

Prints one row per case with the median milliseconds of both, their ratio and
the largest difference between their outputs; fails if the outputs disagree. The
last case is the whole way from a camera's JPEG of 640x480 with one face to a name
out of a thousand, in Python with OpenCV around ONNX Runtime.

ONNX Runtime runs twice: as it comes, and with subnormal numbers flushed to zero
(`session.set_denormal_as_zero`). MobileFaceNet's dead channels are full of
subnormal weights, which make ONNX Runtime several times slower than it need be
on some inputs; Rollcall drops them at load. The ratio is to the faster of both.
"""

import argparse
import io
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy
import onnx
import onnxruntime
from PIL import Image

import instructions
import station

ROOT = Path(__file__).resolve().parents[2]

# Model, height, width, mean, scale.
CASES = [
    ("scrfd_2.5g.onnx", 640, 640, 127.5, 128.0),
    ("scrfd_2.5g.onnx", 320, 320, 127.5, 128.0),
    ("centerface.onnx", 480, 640, 0.0, 1.0),
    ("mobilefacenet_512.onnx", 112, 112, 127.5, 128.0),
    ("liveness_128.onnx", 128, 128, 0.0, 1.0),
]

# Outputs are compared relative to their largest number.
TOLERANCE = 1e-4

# Boxes may differ by this many pixels and similarities by this much: OpenCV scales
# and warps in fixed point.
BOX_TOLERANCE = 2.0
SIMILARITY_TOLERANCE = 0.02

GALLERY_ROWS = 1000


class Rollcall:
    """The runner: one request a line, one answer a line."""

    def __init__(self, runner):
        self.process = subprocess.Popen(
            [runner, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.simd = self.process.stdout.readline().strip()

    def ask(self, *words):
        print(*words, sep="\t", file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline().strip()
        if not answer:
            sys.exit(f"the runner gave up on: {' '.join(map(str, words))}")
        return answer

    def run(self):
        return float(self.ask("run"))

    def look(self):
        return float(self.ask("look"))


class OnnxRuntime:
    def __init__(self, model, threads, picture, flush=False):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Its threads spin during a run, as they do by default, but not on into the
        # next contestant's turn.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        if flush:
            options.add_session_config_entry("session.set_denormal_as_zero", "1")
        self.session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        self.inputs = {self.session.get_inputs()[0].name: picture}
        self.outputs = None

    def run(self):
        start = time.perf_counter()
        self.outputs = self.session.run(None, self.inputs)
        return (time.perf_counter() - start) * 1000.0


class FlushedOnnxRuntime:
    """ONNX Runtime flushing subnormals, in a process of its own: only the first
    session of a process decides whether they are flushed."""

    def __init__(self, model, threads, picture):
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(
            target=serve_flushed, args=(theirs, model, threads, picture), daemon=True
        )
        self.process.start()

    def run(self):
        self.pipe.send("run")
        return self.pipe.recv()

    def close(self):
        self.pipe.send("close")
        self.process.join()


def serve_flushed(pipe, model, threads, picture):
    session = OnnxRuntime(model, threads, picture, flush=True)
    while pipe.recv() == "run":
        pipe.send(session.run())


class PythonStation:
    """The whole way in Python, flushing subnormals, in a process of its own."""

    def __init__(self, threads, gallery, jpeg):
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(
            target=serve_station, args=(theirs, threads, gallery, jpeg), daemon=True
        )
        self.process.start()

    def look(self):
        self.pipe.send("look")
        milliseconds, self.seen = self.pipe.recv()
        return milliseconds

    def close(self):
        self.pipe.send("close")
        self.process.join()


def serve_station(pipe, threads, gallery, jpeg):
    detector = OnnxRuntime(any_size(ROOT / "models" / "scrfd_2.5g.onnx"), threads, None, flush=True)
    model = str(ROOT / "models" / "mobilefacenet_512.onnx")
    embedder = OnnxRuntime(model, threads, None, flush=True)
    python = station.Station(detector.session, embedder.session, gallery)
    jpeg = numpy.frombuffer(jpeg, numpy.uint8)
    while pipe.recv() == "look":
        start = time.perf_counter()
        seen = python.look(jpeg)
        pipe.send(((time.perf_counter() - start) * 1000.0, seen))


def any_size(path):
    """The model's bytes with its input size left open and its Resize nodes relative."""
    model = onnx.load(path)
    weights = {tensor.name for tensor in model.graph.initializer}
    for value in model.graph.input:
        dims = value.type.tensor_type.shape.dim
        if value.name not in weights and len(dims) == 4:
            dims[0].dim_value = 1
            dims[2].dim_param, dims[3].dim_param = "height", "width"
    for value in model.graph.output:
        for index, dim in enumerate(value.type.tensor_type.shape.dim):
            dim.dim_param = f"{value.name}_{index}"
    for node in model.graph.node:
        if node.op_type == "Resize" and len(node.input) == 4:
            factors = onnx.numpy_helper.from_array(
                numpy.array([1, 1, 2, 2], numpy.float32), f"{node.name}_factors"
            )
            model.graph.initializer.append(factors)
            node.input[2] = factors.name
            del node.input[3]
    return model.SerializeToString()


def picture_of(height, width, mean, scale):
    """A photograph of faces, cut and scaled to the network's size."""
    photographs = sorted((ROOT / "tests" / "fixtures").rglob("*.jpg"))
    image = Image.open(photographs[0]).convert("RGB").resize((width, height))
    planes = (numpy.asarray(image, numpy.float32) - mean) / scale
    return numpy.ascontiguousarray(planes.transpose(2, 0, 1)[None])


def largest_difference(ours, theirs):
    theirs = numpy.concatenate([output.ravel() for output in theirs])
    if ours.size != theirs.size:
        sys.exit(f"Rollcall gives {ours.size} numbers, ONNX Runtime {theirs.size}")
    return float(numpy.abs(ours - theirs).max() / numpy.abs(theirs).max())


def compare(rollcall, case, threads, rounds, folder):
    model, height, width, mean, scale = case
    path = ROOT / "models" / model
    picture = picture_of(height, width, mean, scale)
    picture.tofile(folder / "input")
    rollcall.ask("load", path, threads, height, width, folder / "input")
    dynamic = model.startswith(("scrfd", "centerface"))
    peer_model = any_size(path) if dynamic else str(path)
    as_it_comes = OnnxRuntime(peer_model, threads, picture)
    flushed = FlushedOnnxRuntime(peer_model, threads, picture)
    contestants = [rollcall, as_it_comes, flushed]
    times = [[], [], []]
    for turn in range(rounds + 3):
        for contestant, own in zip(contestants, times):
            milliseconds = contestant.run()
            # The first rounds warm up.
            if turn >= 3:
                own.append(milliseconds)
    flushed.close()
    rollcall.ask("outputs", folder / "outputs")
    ours = numpy.fromfile(folder / "outputs", numpy.float32)
    medians = [statistics.median(own) for own in times]
    return medians, largest_difference(ours, as_it_comes.outputs)


def camera_frame():
    """A frame of a usual camera: 640x480, 4:2:2, with one face."""
    image = Image.open(ROOT / "tests" / "fixtures" / "faces" / "obama.jpg").convert("RGB")
    width = image.height * 4 // 3
    frame = Image.new("RGB", (width, image.height), (120, 125, 130))
    frame.paste(image, ((width - image.width) // 2, 0))
    written = io.BytesIO()
    frame.resize((640, 480)).save(written, "JPEG", quality=85, subsampling="4:2:2")
    return written.getvalue()


def compare_stations(rollcall, threads, rounds, folder):
    jpeg = camera_frame()
    gallery = numpy.random.default_rng(7).standard_normal((GALLERY_ROWS, 512), numpy.float32)
    (folder / "frame.jpg").write_bytes(jpeg)
    gallery.tofile(folder / "gallery")
    rollcall.ask("station", threads, folder / "gallery", folder / "frame.jpg")
    python = PythonStation(threads, gallery, jpeg)
    times = [[], []]
    for turn in range(rounds + 3):
        for contestant, own in zip((rollcall, python), times):
            milliseconds = contestant.look()
            if turn >= 3:
                own.append(milliseconds)
    ours = [list(map(float, face.split())) for face in rollcall.ask("seen").split(";")]
    python.close()
    if len(ours) != 1 or len(python.seen) != 1:
        sys.exit(f"one face is in the frame, not {len(ours)} or {len(python.seen)}")
    *our_box, our_person, our_similarity = ours[0]
    their_box, their_row, their_similarity = python.seen[0]
    box_difference = float(numpy.abs(numpy.array(our_box) - their_box).max())
    difference = abs(our_similarity - their_similarity)
    agree = (
        box_difference <= BOX_TOLERANCE
        and difference <= SIMILARITY_TOLERANCE
        # People are counted from one, rows from zero.
        and our_person == their_row + 1
    )
    ours, theirs = map(statistics.median, times)
    print(
        f"| frame to name | 640x480 | {threads} | {ours:.2f} | | {theirs:.2f} | {ours / theirs:.2f} "
        f"| box {box_difference:.1f} px, similarity {difference:.3f} |",
        flush=True,
    )
    return agree


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runner", required=True)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--instructions", action="store_true", help="count them instead of timing")
    arguments = parser.parse_args()
    if arguments.instructions:
        instructions.main(arguments.runner)
        return

    rollcall = Rollcall(arguments.runner)
    print(f"ONNX Runtime {onnxruntime.__version__}; Rollcall with {rollcall.simd}; medians in ms")
    print("| network | size | threads | Rollcall | ONNX Runtime | flushed | ratio | difference |")
    print("|---|---|---|---|---|---|---|---|")
    agree = True
    with tempfile.TemporaryDirectory() as folder:
        for threads in map(int, arguments.threads.split(",")):
            for case in CASES:
                (ours, theirs, flushed), difference = compare(
                    rollcall, case, threads, arguments.rounds, Path(folder)
                )
                agree &= difference <= TOLERANCE
                print(
                    f"| {case[0]} | {case[2]}x{case[1]} | {threads} | {ours:.2f} | {theirs:.2f} "
                    f"| {flushed:.2f} | {ours / min(theirs, flushed):.2f} | {difference:.1e} |",
                    flush=True,
                )
            agree &= compare_stations(rollcall, threads, arguments.rounds, Path(folder))
    if not agree:
        sys.exit("the outputs differ by more than is tolerated")


if __name__ == "__main__":
    main()
