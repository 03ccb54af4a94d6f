"""Cuts the people of the demonstration out of public-domain pictures.

Usage: cut_out.py FACE_RECOGNITION_DIR SCRFD_DIR SCIKIT_IMAGE_DIR

The three arguments are the unpacked PyPI packages that README.md names. For
each person it writes NAME.jpg (head and shoulders, the face 200 pixels high or
less if the picture has less) and NAME-mask.png (how opaque each pixel is), and
for those whom the demonstration enrols NAME-portrait.jpg.

Needs opencv-python and numpy. The files in this folder are its output.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

HERE = Path(__file__).parent
FACE_HEIGHT = 200
# Space around the face in face heights: above, below, to either side.
ABOVE, BELOW, BESIDE = 0.45, 1.0, 0.95


def main(face_recognition: Path, scrfd: Path, scikit_image: Path) -> None:
    tests = face_recognition / "tests" / "test_images"
    solvay = scrfd / "images" / "solvay_conference_1927.jpg"
    astronaut = scikit_image / "skimage" / "data" / "astronaut.png"
    # Face boxes are left, top, right, bottom in pixels of the picture.
    cut_out("collins", astronaut, (181, 56, 271, 178))
    cut_out("bohr", solvay, (2578, 1072, 2662, 1187))
    cut_out("obama", tests / "obama3.jpg", (641, 252, 911, 612))
    cut_out("biden", tests / "biden.jpg", (425, 162, 711, 562))
    cut_out("curie", solvay, (855, 1142, 944, 1248))
    cut_out("einstein", solvay, (1588, 1127, 1679, 1243))
    portrait("obama", tests / "obama.jpg", (379, 83, 607, 429))
    portrait("biden", tests / "biden.jpg", (425, 162, 711, 562))
    portrait("curie", solvay, (855, 1142, 944, 1248))
    portrait("einstein", solvay, (1588, 1127, 1679, 1243))


def portrait(name: str, source: Path, face: tuple[int, int, int, int]) -> None:
    """Writes the picture a person is enrolled from: the face with half as much again around it."""
    crop, _ = crop_around(read(source), face, above=0.6, below=0.8, beside=0.8)
    cv2.imwrite(str(HERE / f"{name}-portrait.jpg"), crop, [cv2.IMWRITE_JPEG_QUALITY, 88])


def cut_out(name: str, source: Path, face: tuple[int, int, int, int]) -> None:
    """Writes head and shoulders of a person and the mask that goes with them."""
    crop, face_in_crop = crop_around(read(source), face, ABOVE, BELOW, BESIDE)
    cv2.imwrite(str(HERE / f"{name}.jpg"), crop, [cv2.IMWRITE_JPEG_QUALITY, 88])
    cv2.imwrite(str(HERE / f"{name}-mask.png"), person_mask(crop, face_in_crop), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    left, top, right, bottom = (round(v) for v in face_in_crop)
    print(f"{name}: {crop.shape[1]}x{crop.shape[0]}, face {left},{top} {right},{bottom}")


def read(source: Path) -> np.ndarray:
    picture = cv2.imread(str(source))
    if picture is None:
        sys.exit(f"cannot read {source}")
    return picture


def crop_around(picture, face, above, below, beside):
    """The face with its surroundings, scaled so that the face is at most FACE_HEIGHT high."""
    left, top, right, bottom = face
    height, centre = bottom - top, (left + right) / 2
    x0 = max(0, round(centre - (0.5 + beside) * height))
    x1 = min(picture.shape[1], round(centre + (0.5 + beside) * height))
    y0 = max(0, round(top - above * height))
    y1 = min(picture.shape[0], round(bottom + below * height))
    scale = min(1.0, FACE_HEIGHT / height)
    size = (round((x1 - x0) * scale), round((y1 - y0) * scale))
    crop = cv2.resize(picture[y0:y1, x0:x1], size, interpolation=cv2.INTER_AREA)
    return crop, tuple((v - o) * scale for v, o in zip(face, (x0, y0, x0, y0)))


def person_mask(crop, face):
    """GrabCut from a rough outline, cleaned and feathered."""
    rows, columns = crop.shape[:2]
    left, top, right, bottom = face
    centre, height = (left + right) / 2, bottom - top
    middle = (top + bottom) / 2
    rough = np.full((rows, columns), cv2.GC_BGD, np.uint8)

    def head(size, label):
        cv2.ellipse(rough, (round(centre), round(middle - 0.08 * height)), (round(0.62 * height * size), round(0.78 * height * size)), 0, 0, 360, label, -1)

    def shoulders(size, label):
        half = 1.05 * height * size
        neck = bottom + (0.02 + 0.35 * (1 - size)) * height
        outline = [(centre - 0.35 * height * size, neck), (centre + 0.35 * height * size, neck), (centre + half, neck + 0.55 * height), (centre + half, rows), (centre - half, rows), (centre - half, neck + 0.55 * height)]
        cv2.fillPoly(rough, [np.array(outline, np.int32)], label)

    shoulders(1.0, cv2.GC_PR_FGD)
    head(1.0, cv2.GC_PR_FGD)
    shoulders(0.6, cv2.GC_FGD)
    head(0.62, cv2.GC_FGD)
    cv2.setRNGSeed(1)
    cv2.grabCut(crop, rough, None, np.zeros((1, 65)), np.zeros((1, 65)), 6, cv2.GC_INIT_WITH_MASK)
    mask = np.where((rough == cv2.GC_FGD) | (rough == cv2.GC_PR_FGD), 255, 0).astype(np.uint8)
    radius = max(3, round(height * 0.03))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    mask = cv2.morphologyEx(cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel), cv2.MORPH_CLOSE, kernel)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    if count > 1:
        mask = np.where(labels == 1 + stats[1:, cv2.CC_STAT_AREA].argmax(), 255, 0).astype(np.uint8)
    mask = cv2.erode(mask, kernel)
    # GrabCut takes parts of a grey face for background; this much is always face.
    cv2.ellipse(mask, (round(centre), round(middle - 0.02 * height)), (round(0.38 * height), round(0.52 * height)), 0, 0, 360, 255, -1)
    return cv2.GaussianBlur(mask, (0, 0), radius * 0.7)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*(Path(argument) for argument in sys.argv[1:]))
