"""From a camera's JPEG to names as one writes it in Python: OpenCV around ONNX
Runtime, with the arithmetic left to their compiled code wherever there is any.
"""

import cv2
import numpy

# Where the embedder expects the landmarks in its 112 x 112 picture.
TEMPLATE = numpy.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)

SIDE = 320
ANCHORS = 2
SCORE_THRESHOLD = 0.5
OVERLAP_THRESHOLD = 0.4


class Station:
    """`detector` and `embedder` are sessions; `gallery` has an embedding per row."""

    def __init__(self, detector, embedder, gallery):
        # On pictures of this size OpenCV's threads cost more than they gain, and they
        # go on spinning into the networks' time.
        cv2.setNumThreads(1)
        self.detector, self.embedder = detector, embedder
        self.detector_input = detector.get_inputs()[0].name
        self.embedder_input = embedder.get_inputs()[0].name
        self.gallery = gallery / numpy.linalg.norm(gallery, axis=1, keepdims=True)

    def look(self, jpeg):
        """Per face: box, best row of the gallery, similarity."""
        frame = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
        return [(box, *self.name(frame, points)) for box, points in self.detect(frame)]

    def detect(self, frame):
        scale = SIDE / max(frame.shape[:2])
        small = cv2.resize(frame, None, fx=scale, fy=scale)
        height, width = small.shape[:2]
        bottom, right = -height % 32, -width % 32
        canvas = cv2.copyMakeBorder(small, 0, bottom, 0, right, cv2.BORDER_CONSTANT)
        blob = cv2.dnn.blobFromImage(canvas, 1 / 128, mean=(127.5,) * 3, swapRB=True)
        outputs = self.detector.run(None, {self.detector_input: blob})
        scores, boxes, points = [], [], []
        for level, stride in enumerate((8, 16, 32)):
            score, distances, offsets = (outputs[level + 3 * kind][0] for kind in range(3))
            found = numpy.nonzero(score[:, 0] >= SCORE_THRESHOLD)[0]
            if not len(found):
                continue
            columns = canvas.shape[1] // stride
            cells = found // ANCHORS
            centres = numpy.stack([cells % columns, cells // columns], axis=1) * stride
            sides = distances[found] * stride
            scores.append(score[found, 0])
            boxes.append(numpy.hstack([centres - sides[:, :2], centres + sides[:, 2:]]))
            points.append(centres[:, None] + offsets[found].reshape(-1, 5, 2) * stride)
        if not scores:
            return []
        scores, boxes, points = map(numpy.concatenate, (scores, boxes, points))
        corners_and_sizes = numpy.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]])
        kept = cv2.dnn.NMSBoxes(
            corners_and_sizes.tolist(), scores.tolist(), SCORE_THRESHOLD, OVERLAP_THRESHOLD
        )
        return [(boxes[i] / scale, points[i] / scale) for i in kept]

    def name(self, frame, points):
        face = cv2.warpAffine(frame, similarity_transform(points), (112, 112))
        blob = cv2.dnn.blobFromImage(face, 1 / 128, mean=(127.5,) * 3)
        embedding = self.embedder.run(None, {self.embedder_input: blob})[0][0]
        similarities = self.gallery @ (embedding / numpy.linalg.norm(embedding))
        best = int(similarities.argmax())
        return best, float(similarities[best])


def similarity_transform(points):
    """The least-squares rotation, scale and shift onto the template."""
    points_mean, template_mean = points.mean(0), TEMPLATE.mean(0)
    p, q = points - points_mean, TEMPLATE - template_mean
    a = (p * q).sum() / (p * p).sum()
    b = (p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]).sum() / (p * p).sum()
    turn = numpy.array([[a, -b], [b, a]])
    return numpy.hstack([turn, (template_mean - turn @ points_mean)[:, None]])
