import { useMemo } from 'react';
import { t } from '../../i18n';
import { boxText } from './draw';
import { DIFFERENCE, type LayerChoice } from './legend';
import {
  type Difference,
  IGNORED_CLASS,
  maskDifference,
  maskPixels,
  type PictureLayer,
  type PictureMask,
  shownBoxes,
} from './layers';
import { overlayOf, PictureCanvas, type PictureCanvasProps } from './picture-canvas';
import type { Size } from './zoom';

/** A picture with what is known about it. */
export interface PictureContent {
  /** Address of the photograph; null while it is loading. */
  readonly url: string | null;
  readonly size: Size;
  /** The truth first (if there is one), then FP32, then variants. */
  readonly layers: readonly PictureLayer[];
  /** By class index; empty if classes have no names. */
  readonly classNames: readonly string[];
  /** The class of masks that is not drawn; null if all are. */
  readonly background: number | null;
}

interface PicturePaneProps extends Pick<PictureCanvasProps, 'zoom' | 'onPoint' | 'isBright'> {
  readonly content: PictureContent;
  readonly choice: LayerChoice;
  readonly difference: Difference | null;
  /** What the picture is of, for its accessible name. */
  readonly name: string;
}

/** A photograph with the chosen boxes and the chosen mask. */
export function PicturePane({ content, choice, difference, name, ...rest }: PicturePaneProps) {
  const { layers, background } = content;
  const shown = useMemo(() => layers.filter((layer) => choice.shown.includes(layer.id)), [layers, choice.shown]);
  const mask = layers.find((layer) => layer.id === choice.mask)?.mask ?? null;
  const reference = layers.find((layer) => layer.id === 'fp32')?.mask ?? null;
  const overlay = useMemo(() => {
    if (choice.mask === DIFFERENCE)
      return difference === null || reference === null ? null : overlayOf(difference.pixels, reference);
    return mask === null ? null : overlayOf(maskPixels(mask, background), mask);
  }, [choice.mask, mask, difference, reference, background]);
  return (
    <PictureCanvas
      {...rest}
      url={content.url}
      size={content.size}
      layers={shown}
      overlay={overlay}
      minScore={choice.minScore}
      label={t('picture.label', { name, shown: sentence(shown, choice) })}
    />
  );
}

/** What is drawn, as text: `Truth 3, FP32 4 boxes`. */
function sentence(layers: readonly PictureLayer[], { minScore }: LayerChoice): string {
  return layers
    .map((layer) =>
      layer.mask === null
        ? t('picture.label.boxes', { name: layer.name, n: shownBoxes(layer, minScore).length })
        : t('picture.label.mask', { name: layer.name }),
    )
    .join(', ');
}

/** The difference of FP32's mask and that of the last other variant; null if the picture has no two such masks. */
export function differenceOf(layers: readonly PictureLayer[]): Difference | null {
  const maskOf = (id: string): PictureMask | null => layers.find((layer) => layer.id === id)?.mask ?? null;
  const fp32 = maskOf('fp32');
  const variant = layers.findLast((layer) => layer.id !== 'fp32' && layer.id !== 'truth')?.mask ?? null;
  if (fp32 === null || variant === null || fp32.width !== variant.width || fp32.height !== variant.height) return null;
  return maskDifference(fp32, variant, maskOf('truth'));
}

export function className(content: Pick<PictureContent, 'classNames'>, index: number): string {
  const name = content.classNames[index] ?? '';
  return name === '' ? String(index) : name;
}

/** What lies under a point of the picture: the smallest box of every shown layer, or the class in every mask. */
export function underPoint(
  content: PictureContent,
  choice: LayerChoice,
  point: { readonly x: number; readonly y: number },
): string {
  const { x, y } = point;
  return content.layers
    .flatMap((layer) => {
      if (layer.mask !== null) {
        const index = classUnder(layer.mask, x, y);
        return index === null ? [] : [`${layer.letter} ${layer.name}: ${className(content, index)}`];
      }
      if (!choice.shown.includes(layer.id)) return [];
      const hit = shownBoxes(layer, choice.minScore)
        .filter((box) => x >= box.left && x < box.right && y >= box.top && y < box.bottom)
        .sort((a, b) => areaOf(a) - areaOf(b))[0];
      return hit === undefined ? [] : [boxText(layer, hit)];
    })
    .join(' · ');
}

function areaOf(box: { left: number; top: number; right: number; bottom: number }): number {
  return (box.right - box.left) * (box.bottom - box.top);
}

function classUnder({ width, height, classes, place }: PictureMask, x: number, y: number): number | null {
  const column = Math.floor(((x - place.left) / (place.right - place.left)) * width);
  const row = Math.floor(((y - place.top) / (place.bottom - place.top)) * height);
  if (column < 0 || row < 0 || column >= width || row >= height) return null;
  const index = classes[row * width + column] ?? IGNORED_CLASS;
  return index === IGNORED_CLASS ? null : index;
}
