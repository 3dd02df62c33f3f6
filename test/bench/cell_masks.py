"""Draws masks from the boxes of a set of Pascal VOC files, for measurements of the segmentation of blood cells.

Usage: python cell_masks.py FOLDER OUT [--size 320]

FOLDER has images (.jpg) and an .xml beside each. OUT gets one palette PNG an image, of the size of the image, and
names.txt. Each object is the ellipse inscribed in its box: RBC first, then the others, so that what lies on red cells
stays visible. The ellipses are drawn with Pillow at the size of the network's input (the longer side is --size) and
enlarged without interpolation, so that a letterbox to that size gives back exactly the drawn pixels; boxes that are
smaller than two pixels there are left out.
"""

import argparse
import pathlib
import xml.etree.ElementTree as ElementTree

from PIL import Image, ImageDraw

NAMES = ["background", "RBC", "WBC", "Platelets"]
CORNERS = ["xmin", "ymin", "xmax", "ymax"]
PALETTE = [0, 0, 0, 220, 60, 60, 70, 110, 230, 240, 200, 60]


def boxes_of(xml):
    for element in ElementTree.parse(xml).getroot().iter("object"):
        yield NAMES.index(element.findtext("name")), [float(element.findtext(f"bndbox/{corner}")) for corner in CORNERS]


def mask_of(image, xml, size):
    width, height = Image.open(image).size
    scale = size / max(width, height)
    small = Image.new("P", (round(width * scale), round(height * scale)))
    draw = ImageDraw.Draw(small)
    for label, corners in sorted(boxes_of(xml), key=lambda entry: entry[0] != 1):
        left, top, right, bottom = (value * scale for value in corners)
        if right - left >= 2 and bottom - top >= 2:
            draw.ellipse([left, top, right, bottom], fill=label)
    mask = small.resize((width, height), Image.Resampling.NEAREST)
    mask.putpalette(PALETTE)
    return mask


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--size", type=int, default=320)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    images = sorted(options.folder.glob("*.jpg"))
    for image in images:
        mask_of(image, image.with_suffix(".xml"), options.size).save(options.out / f"{image.stem}.png")
    (options.out / "names.txt").write_text("\n".join(NAMES) + "\n")
    print(f"{len(images)} masks in {options.out}")


if __name__ == "__main__":
    main()
