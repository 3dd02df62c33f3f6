import { useMemo } from 'react';
import type { ProjectView } from '../../../src-shared/contract/views';
import { normalPreprocessing, type Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { usePreprocessingEdits } from '../../state/preprocessing-edits';

type ResizeKind = Preprocessing['resize']['kind'];
export const RESIZE_KINDS = ['stretch', 'short', 'long', 'letterbox', 'none'] as const satisfies readonly ResizeKind[];
export const ORDERS = ['rgb', 'bgr', 'gray'] as const satisfies readonly Preprocessing['order'][];
export const LAYOUTS = ['nchw', 'nhwc'] as const satisfies readonly Preprocessing['layout'][];
export const MAX_SIDE = 16_384;

/** The gray value with which YOLO-like detectors are usually trained. */
const DEFAULT_PAD = 114;
/** Detectors reduce their input by 32. */
const DEFAULT_MULTIPLE = 32;
/** The side length in pixels if the preprocessing gives no size. */
const DEFAULT_SIDE = 224;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** A crop that is added to a preprocessing without one uses the rounding of new projects. */
function roundingOfNewCrop({ crop }: Preprocessing): Pick<Preprocessing, 'cropRounding'> {
  return crop === null ? { cropRounding: 'half-even' } : {};
}

/** The input size of the network according to the preprocessing: the size of the crop, otherwise that of the resize. */
export function targetSize({ resize, crop }: Pick<Preprocessing, 'resize' | 'crop'>): Size {
  if (crop !== null) return crop;
  if (resize.kind === 'stretch' || resize.kind === 'letterbox') return { width: resize.width, height: resize.height };
  const side = resize.kind === 'short' ? resize.shortSide : resize.kind === 'long' ? resize.longSide : DEFAULT_SIDE;
  return { width: side, height: side };
}

/** Changes the kind of resize and keeps the resulting size, so that the result still fits the model. */
export function withResizeKind(preprocessing: Preprocessing, kind: ResizeKind): Preprocessing {
  if (kind === preprocessing.resize.kind) return preprocessing;
  const size = targetSize(preprocessing);
  switch (kind) {
    case 'none':
      return { ...preprocessing, resize: { kind } };
    case 'stretch':
      return normalPreprocessing({ ...preprocessing, resize: { kind, ...size }, crop: null });
    case 'letterbox':
      return normalPreprocessing({ ...preprocessing, resize: { kind, ...size, pad: DEFAULT_PAD }, crop: null });
    case 'long':
      return normalPreprocessing({
        ...preprocessing,
        resize: { kind, longSide: Math.max(size.width, size.height), multiple: DEFAULT_MULTIPLE, pad: DEFAULT_PAD },
        crop: null,
      });
    // With this kind, the long side differs from image to image, so that a crop must follow.
    case 'short':
      return {
        ...preprocessing,
        ...roundingOfNewCrop(preprocessing),
        resize: { kind, shortSide: Math.min(size.width, size.height) },
        crop: size,
      };
  }
}

export function withCrop(preprocessing: Preprocessing, isOn: boolean): Preprocessing {
  if (!isOn) return normalPreprocessing({ ...preprocessing, crop: null });
  return { ...preprocessing, ...roundingOfNewCrop(preprocessing), crop: targetSize(preprocessing) };
}

/**
 * Changes the channel order. A mean and standard deviation with one value fit every order; three values need colour.
 */
export function withOrder(preprocessing: Preprocessing, order: Preprocessing['order']): Preprocessing {
  const isSwapped =
    (order === 'bgr' && preprocessing.order === 'rgb') || (order === 'rgb' && preprocessing.order === 'bgr');
  const fit = (values: readonly number[]): readonly number[] => {
    if (order === 'gray') return values.slice(0, 1);
    return isSwapped ? [...values].reverse() : values;
  };
  return { ...preprocessing, order, mean: fit(preprocessing.mean), std: fit(preprocessing.std) };
}

export function channelCount(order: Preprocessing['order']): 1 | 3 {
  return order === 'gray' ? 1 : 3;
}

/** Names of the channels in the order in which the model receives them. */
export function channelNames(order: Preprocessing['order'], count: number): readonly string[] {
  const names = { rgb: ['R', 'G', 'B'], bgr: ['B', 'G', 'R'], gray: ['Y'] }[order];
  return names.length === count ? names : Array.from({ length: count }, (_, index) => String(index));
}

export function isSamePreprocessing(a: Preprocessing, b: Preprocessing): boolean {
  return canonical(normalPreprocessing(a)) === canonical(normalPreprocessing(b));
}

function canonical({
  resize,
  crop,
  order,
  scale,
  mean,
  std,
  layout,
  orientation,
  cropRounding,
}: Preprocessing): string {
  return JSON.stringify([
    Object.entries(resize).sort(),
    crop === null ? null : [crop.width, crop.height, cropRounding ?? 'down'],
    order,
    scale,
    mean,
    std,
    layout,
    orientation ?? 'ignore',
  ]);
}

/** The names of the parts that differ; shown as a summary of what applying would change. */
export function changedParts(from: Preprocessing, to: Preprocessing): readonly (keyof Preprocessing)[] {
  const parts = ['resize', 'crop', 'cropRounding', 'order', 'scale', 'mean', 'std', 'layout', 'orientation'] as const;
  return parts.filter((part) => !isSamePreprocessing(from, { ...from, [part]: to[part] }));
}

export interface PreprocessingEditor {
  /** The preprocessing that is stored in the project. */
  readonly saved: Preprocessing;
  /** The stored preprocessing with the edits that are not applied yet. */
  readonly value: Preprocessing;
  readonly isApplying: boolean;
  readonly change: (value: Preprocessing) => void;
  readonly reset: () => void;
  readonly apply: () => void;
}

/** The project's preprocessing with edits that are not applied yet. The edits are kept while other screens are open. */
export function usePreprocessing(project: ProjectView): PreprocessingEditor {
  const saved = project.file.preprocessing;
  const draft = usePreprocessingEdits((state) => (state.projectPath === project.path ? state.draft : null));
  const isApplying = usePreprocessingEdits((state) => state.isApplying);
  const { change, discard, apply } = usePreprocessingEdits.getState();
  return useMemo(
    () => ({ saved, value: draft ?? saved, isApplying, change, reset: discard, apply: () => void apply() }),
    [saved, draft, isApplying, change, discard, apply],
  );
}
