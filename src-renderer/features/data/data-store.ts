import { useEffect, useState } from 'react';
import { create } from 'zustand';
import type { SetName } from '../../../src-shared/contract/requests';
import type { ImageSetView, ImageView, ProjectView } from '../../../src-shared/contract/views';
import { t } from '../../i18n';
import { useSession } from '../../state/session';

export interface ImageFilter {
  /** The group whose images are shown; null: all groups. */
  readonly group: string | null;
  /** Class index of the label whose images are shown, or BACKGROUND; null: all labels. */
  readonly label: number | null;
}

/** Stands for images of a set with boxes that have no box. */
export const BACKGROUND = -1;

export const NO_FILTER: ImageFilter = { group: null, label: null };

export function filterImages(images: readonly ImageView[], { group, label }: ImageFilter): readonly ImageView[] {
  if (group === null && label === null) return images;
  return images.filter(
    (image) => (group === null || image.group === group) && (label === null || hasLabel(image, label)),
  );
}

/** Whether an image has a label, or a box of a class. */
function hasLabel({ label: own, boxes }: ImageView, label: number): boolean {
  if (boxes === undefined) return own === label;
  return label === BACKGROUND ? boxes.length === 0 : boxes.includes(label);
}

export interface GroupCount {
  readonly group: string;
  readonly images: number;
}

export interface LabelCount {
  readonly label: number;
  readonly name: string;
  readonly images: number;
  /** Boxes of the class; only if the labels of the set are boxes. */
  readonly boxes?: number;
}

/** The number of images in each group that pass the label filter, in the order of the groups in the set. */
export function groupCounts(set: ImageSetView, label: number | null): readonly GroupCount[] {
  const counts = new Map<string, number>(set.groups.map((group) => [group, 0]));
  for (const image of filterImages(set.images, { group: null, label }))
    if (image.group !== null) counts.set(image.group, (counts.get(image.group) ?? 0) + 1);
  return [...counts].map(([group, images]) => ({ group, images }));
}

/**
 * The number of images with each label that pass the group filter, by class index, and of boxes of each class. Labels
 * without images are omitted.
 */
export function labelCounts(set: ImageSetView, group: string | null): readonly LabelCount[] {
  const images = filterImages(set.images, { group, label: null });
  if (set.images.some(({ boxes }) => boxes !== undefined)) return boxCounts(set, images);
  const counts = new Map<number, number>();
  for (const { label } of set.images) if (label !== null) counts.set(label, 0);
  for (const { label } of images) if (label !== null) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([label, count]) => ({ label, name: labelName(set, label), images: count }));
}

/** Background images first, if there are any. */
function boxCounts(set: ImageSetView, images: readonly ImageView[]): readonly LabelCount[] {
  const counts = new Map<number, { images: number; boxes: number }>();
  let background = 0;
  for (const { boxes = [] } of images) {
    if (boxes.length === 0) background += 1;
    for (const label of new Set(boxes)) {
      const count = counts.get(label) ?? { images: 0, boxes: 0 };
      counts.set(label, { images: count.images + 1, boxes: count.boxes + boxes.filter((own) => own === label).length });
    }
  }
  const classes = [...counts]
    .sort(([a], [b]) => a - b)
    .map(([label, count]) => ({ label, name: labelName(set, label), ...count }));
  if (background === 0) return classes;
  return [{ label: BACKGROUND, name: labelName(set, BACKGROUND), images: background, boxes: 0 }, ...classes];
}

/** The name of a class, or its index if the set has no class names. */
export function labelName(set: Pick<ImageSetView, 'classNames'>, label: number): string {
  if (label === BACKGROUND) return t('data.background');
  return set.classNames[label] ?? String(label);
}

/** The image to show: the chosen image if it is in the list, otherwise the first one. */
export function shownImage(images: readonly ImageView[], chosenId: string | null): ImageView | null {
  return images.find((image) => image.id === chosenId) ?? images[0] ?? null;
}

/** The view: the images of one set, or the health of the calibration set. */
type DataView = SetName | 'health';

export type Inspector = 'preprocessing' | 'task';

/** What the data screen shows. It is kept while other screens are open. */
interface DataState {
  readonly view: DataView;
  /** The set whose images were shown last. */
  readonly set: SetName;
  readonly filter: ImageFilter;
  readonly imageId: string | null;
  /** What the inspector column edits. */
  readonly inspector: Inspector;
  readonly inspect: (inspector: Inspector) => void;
  readonly show: (view: DataView) => void;
  readonly showSet: (set: SetName) => void;
  readonly filterBy: (changes: Partial<ImageFilter>) => void;
  readonly showImage: (imageId: string) => void;
  /** Opens the data screen at one image of a set. */
  readonly openImage: (set: SetName, imageId: string) => void;
}

export const useData = create<DataState>()((set, get) => ({
  view: 'calibration',
  set: 'calibration',
  filter: NO_FILTER,
  imageId: null,
  inspector: 'preprocessing',
  inspect: (inspector) => set({ inspector }),
  show: (view) => {
    if (view === 'health') set({ view });
    else get().showSet(view);
  },
  showSet: (name) => set({ view: name, set: name, filter: NO_FILTER, imageId: null }),
  filterBy: (changes) => set((state) => ({ filter: { ...state.filter, ...changes } })),
  showImage: (imageId) => set({ imageId }),
  openImage: (name, imageId) => set({ view: name, set: name, filter: NO_FILTER, imageId }),
}));

interface Answer {
  readonly key: string;
  readonly value: ImageSetView | Error;
}

/** The images of a set: undefined while loading, an Error on failure, null if the project has no such set. */
export function useImageSet(project: ProjectView, set: SetName): ImageSetView | undefined | null | Error {
  const api = useSession((state) => state.api);
  const { path, file } = project;
  const reference = set === 'calibration' ? file.calibrationSet : file.validationSet;
  // The key contains both sets, because the other set decides whether folders are read as groups or as labels.
  const key = JSON.stringify([path, set, file.calibrationSet, file.validationSet]);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const isAsked = reference !== null;
  useEffect(() => {
    if (!isAsked) return undefined;
    let isCurrent = true;
    const keep = (value: Answer['value']): void => {
      if (isCurrent) setAnswer({ key, value });
    };
    api
      .getImageSet({ projectPath: path, set })
      .then(keep, (error: unknown) => keep(error instanceof Error ? error : new Error(String(error))));
    return () => {
      isCurrent = false;
    };
  }, [api, path, set, key, isAsked]);
  if (!isAsked) return null;
  return answer?.key === key ? answer.value : undefined;
}
