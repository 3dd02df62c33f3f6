import { formatFixed } from '../../../src-shared/base/units';
import type { BoxMark, LineStyle, PictureBox, PictureLayer, Rectangle } from './layers';
import type { PictureView, Size } from './zoom';

/** A mask or a difference as a picture, and the part of the original picture that it covers. */
export interface Overlay {
  readonly image: CanvasImageSource;
  readonly place: Rectangle;
}

export interface Scene {
  /** The photograph in any resolution; null while it is loading. */
  readonly image: CanvasImageSource | null;
  /** Size of the original picture, in whose pixels boxes are given. */
  readonly size: Size;
  readonly overlay: Overlay | null;
  /** Layers in the order in which they are drawn, each with the boxes to draw. */
  readonly boxes: readonly { readonly layer: PictureLayer; readonly boxes: readonly PictureBox[] }[];
  readonly isBright: boolean;
  /** Draw names and scores; false for small pictures. */
  readonly hasLabels: boolean;
}

export const DASHES: Readonly<Record<LineStyle, readonly number[]>> = {
  solid: [],
  dashed: [7, 4],
  dotted: [2, 3],
};

/** Signs before a name. */
export const MARK_SIGNS: Readonly<Record<BoxMark, string>> = { missed: '−', added: '+', moved: '~' };

const EDGE = 'rgb(0 0 0 / 65%)';
const LABEL_HEIGHT = 15;
const LABEL_PADDING = 3;
/** Boxes that are narrower than this on the screen have no label. */
const MIN_LABELLED_PX = 14;

/** Draws a picture with its overlay, boxes and labels. Lines and texts have the same size at every magnification. */
export function drawScene(context: CanvasRenderingContext2D, scene: Scene, view: PictureView, frame: Size): void {
  const { size } = scene;
  context.clearRect(0, 0, frame.width, frame.height);
  if (scene.image !== null) {
    // Enlarged pixels are shown as such.
    context.imageSmoothingEnabled = view.scale < 4;
    context.filter = scene.isBright ? 'brightness(5)' : 'none';
    context.drawImage(scene.image, view.left, view.top, size.width * view.scale, size.height * view.scale);
    context.filter = 'none';
  }
  if (scene.overlay !== null) {
    const { image, place } = scene.overlay;
    // A mask of the network's input also covers the padding of a letterbox, which is outside of the photograph.
    context.save();
    context.beginPath();
    context.rect(view.left, view.top, size.width * view.scale, size.height * view.scale);
    context.clip();
    context.imageSmoothingEnabled = false;
    context.drawImage(
      image,
      view.left + place.left * view.scale,
      view.top + place.top * view.scale,
      (place.right - place.left) * view.scale,
      (place.bottom - place.top) * view.scale,
    );
    context.restore();
  }
  for (const { layer, boxes } of scene.boxes) drawBoxes(context, { layer, boxes, isSmall: !scene.hasLabels }, view);
  if (scene.hasLabels) drawLabels(context, scene, view, frame);
}

function onScreen(box: Rectangle, view: PictureView): Rectangle {
  return {
    left: box.left * view.scale + view.left,
    top: box.top * view.scale + view.top,
    right: box.right * view.scale + view.left,
    bottom: box.bottom * view.scale + view.top,
  };
}

interface BoxGroup {
  readonly layer: PictureLayer;
  readonly boxes: readonly PictureBox[];
  /** Small pictures have thin lines. */
  readonly isSmall: boolean;
}

/** All boxes of a layer in two strokes: the dark edge, then the colour. Missed and added boxes have wider lines. */
function drawBoxes(context: CanvasRenderingContext2D, { layer, boxes, isSmall }: BoxGroup, view: PictureView): void {
  const edge = isSmall ? 1 : 2;
  for (const isWide of [false, true]) {
    const chosen = boxes.filter((box) => (box.mark !== null) === isWide && !box.isIgnored);
    const width = (isWide ? 3 : 1.5) * (isSmall ? 0.7 : 1);
    if (chosen.length > 0) strokeBoxes(context, chosen, view, { layer, width, edge, alpha: 1 });
  }
  const ignored = boxes.filter((box) => box.isIgnored);
  if (ignored.length > 0) strokeBoxes(context, ignored, view, { layer, width: 1, edge, alpha: 0.55 });
}

function strokeBoxes(
  context: CanvasRenderingContext2D,
  boxes: readonly PictureBox[],
  view: PictureView,
  style: { readonly layer: PictureLayer; readonly width: number; readonly edge: number; readonly alpha: number },
): void {
  const path = new Path2D();
  for (const box of boxes) {
    const { left, top, right, bottom } = onScreen(box, view);
    path.rect(left, top, right - left, bottom - top);
  }
  context.globalAlpha = style.alpha;
  context.setLineDash([]);
  context.lineWidth = style.width + style.edge;
  context.strokeStyle = EDGE;
  context.stroke(path);
  context.setLineDash(DASHES[style.layer.line]);
  context.lineWidth = style.width;
  context.strokeStyle = style.layer.colour;
  context.stroke(path);
  context.setLineDash([]);
  context.globalAlpha = 1;
}

/** The text of a box: letter of the layer, sign, class, score. */
export function boxText(layer: PictureLayer, box: PictureBox): string {
  const sign = box.mark === null ? '' : MARK_SIGNS[box.mark];
  return [layer.letter, `${sign}${box.name}`, box.score === null ? '' : formatFixed(box.score, 2)]
    .filter((part) => part !== '')
    .join(' ');
}

/**
 * Labels, those of marked boxes first, then by score; a label that would cover another one is left out. The labels of
 * the first layer stand above the box, those of the second below it, and those of the third inside of it.
 */
function drawLabels(context: CanvasRenderingContext2D, scene: Scene, view: PictureView, frame: Size): void {
  context.font = '11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  const taken: Rectangle[] = [];
  const labels = scene.boxes.flatMap(({ layer, boxes }, index) => boxes.map((box) => ({ layer, box, index })));
  labels.sort(
    (a, b) => Number(b.box.mark !== null) - Number(a.box.mark !== null) || (b.box.score ?? 1) - (a.box.score ?? 1),
  );
  for (const { layer, box, index } of labels) {
    const { left, top, right, bottom } = onScreen(box, view);
    if (right - left < MIN_LABELLED_PX || right < 0 || left > frame.width || bottom < 0 || top > frame.height) continue;
    const text = boxText(layer, box);
    const width = context.measureText(text).width + 2 * LABEL_PADDING;
    const wanted = [top - LABEL_HEIGHT, bottom, top][index % 3] ?? top;
    const x = Math.min(Math.max(0, left), Math.max(0, frame.width - width));
    const y = Math.min(Math.max(0, wanted), Math.max(0, frame.height - LABEL_HEIGHT));
    const place = { left: x, top: y, right: x + width, bottom: y + LABEL_HEIGHT };
    if (taken.some((other) => areOverlapping(place, other))) continue;
    taken.push(place);
    context.globalAlpha = box.isIgnored ? 0.6 : 1;
    context.fillStyle = layer.colour;
    context.fillRect(x, y, width, LABEL_HEIGHT);
    context.fillStyle = '#000000';
    context.fillText(text, x + LABEL_PADDING, y + LABEL_HEIGHT / 2 + 0.5);
    context.globalAlpha = 1;
  }
}

function areOverlapping(a: Rectangle, b: Rectangle): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
