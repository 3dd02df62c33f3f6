import type { Connection, DroppedItem } from '../../api/connection';

type DropKind = 'model' | 'project' | 'cache' | 'folder' | 'image' | 'data' | 'unknown';

/** File extensions that an image set can contain. */
const IMAGE = /\.(jpe?g|jpe|jfif|png|webp|bmp|dib|tiff?|npy|npz)$/;

/** The kind of a dropped item, determined by its name only, because nothing is read before the user has agreed. */
export function dropKind(name: string, isFolder: boolean): DropKind {
  const lower = name.toLowerCase();
  if (isFolder) return lower.endsWith('.calib') ? 'project' : 'folder';
  if (lower.endsWith('.onnx')) return 'model';
  if (lower.endsWith('.cache')) return 'cache';
  return IMAGE.test(lower) ? 'image' : isModelData(lower) ? 'data' : 'unknown';
}

/** Files with external weights, which are passed on together with the model. */
function isModelData(name: string): boolean {
  return /\.(data|bin|onnx_data|onnx\.data|weights)$/i.test(name) || /\.onnx[._]data/i.test(name);
}

/** Guesses the set from the name of a folder: validation for names such as `val` or `test`, otherwise calibration. */
export function likelySet(folderName: string): 'calibration' | 'validation' {
  return /val|test|eval|holdout/i.test(folderName) ? 'validation' : 'calibration';
}

/**
 * The proposed path of a new project: named after the model, in `folder` or beside the model. The kind of slashes is
 * kept.
 */
export function proposedProjectPath(modelPath: string, folder: string | null = null): string {
  const slash = folder?.includes('/') === false ? '\\' : '/';
  const base = folder === null ? modelPath : `${folder.replace(/[\\/]+$/, '')}${slash}${nameOfPath(modelPath)}`;
  return `${base.replace(/\.onnx$/i, '')}.calib`;
}

/** The last part of a path; both kinds of slashes are accepted. */
export function nameOfPath(path: string): string {
  return (
    path
      .replace(/[\\/]+$/, '')
      .split(/[\\/]/)
      .at(-1) ?? path
  );
}

/** Must be called during the drop event, because the browser removes the content afterwards. */
export function itemsOfDrop(transfer: Pick<DataTransfer, 'items'>): readonly DroppedItem[] {
  return [...transfer.items].flatMap((item) => {
    if (item.kind !== 'file') return [];
    const entry = item.webkitGetAsEntry();
    const file = item.getAsFile();
    const name = entry?.name ?? file?.name;
    return name === undefined ? [] : [{ name, isFolder: entry?.isDirectory === true, file, entry }];
  });
}

/** A dropped item that is not used, with the reason as a message key. */
export interface Refusal {
  readonly name: string;
  readonly reasonKey: string;
}

export type DropAction =
  | { readonly kind: 'project'; readonly project: DroppedItem }
  /** `sets`: at most two folders; `data`: weight files beside the model. */
  | {
      readonly kind: 'model';
      readonly model: DroppedItem;
      readonly sets: readonly DroppedItem[];
      readonly data: readonly DroppedItem[];
    }
  | { readonly kind: 'sets'; readonly sets: readonly DroppedItem[] }
  | { readonly kind: 'cache'; readonly cache: DroppedItem };

interface DropPlan {
  /** null: none of the dropped items can be used here. */
  readonly action: DropAction | null;
  readonly refused: readonly Refusal[];
}

interface DropPlace {
  readonly host: Connection['host'];
  readonly hasProject: boolean;
}

/** The name of the folder into which single images are uploaded, because a set must be a folder. */
const IMAGES_FOLDER = 'images';
/** The calibration and the validation set. */
const MAX_SETS = 2;

/** Decides what to do with the dropped items: every item is either used, or refused with a reason. */
export function planDrop(items: readonly DroppedItem[], { host, hasProject }: DropPlace): DropPlan {
  const refused: Refusal[] = [];
  const refuse = (item: DroppedItem, reason: string): void =>
    void refused.push({ name: item.name, reasonKey: `start.refused.${reason}` });
  const first = (kind: DropKind): DroppedItem | undefined => items.find((item) => kindOf(item) === kind);
  const mainKind = (['project', 'model', 'folder', 'image', 'cache'] as const).find(
    (kind) => first(kind) !== undefined && !(kind === 'image' && host === 'desktop'),
  );
  const main = mainKind === undefined ? undefined : first(mainKind);

  const sets: DroppedItem[] = [];
  const data: DroppedItem[] = [];
  const hasSets = mainKind === 'model' || mainKind === 'folder' || mainKind === 'image';
  const images = uniqueNames(items.filter((item) => kindOf(item) === 'image'));
  for (const item of items) {
    const kind = kindOf(item);
    if (item === main && (kind === 'project' || kind === 'model' || kind === 'cache')) continue;
    if (mainKind === 'project') refuse(item, 'besideProject');
    else if (kind === 'model') refuse(item, 'oneModel');
    else if (kind === 'cache') refuse(item, mainKind === 'cache' ? 'oneCache' : 'cacheLater');
    else if (kind === 'data' && mainKind === 'model') data.push(item);
    else if (kind === 'data') refuse(item, 'dataAlone');
    else if (kind === 'folder' && hasSets) {
      if (sets.length < MAX_SETS) sets.push(item);
      else refuse(item, 'twoSets');
    } else if (kind === 'image' && host === 'desktop') refuse(item, 'imageByFolder');
    else if (kind === 'unknown') refuse(item, 'unknown');
  }
  if (host === 'browser' && hasSets && images.length > 0) {
    if (sets.length < MAX_SETS) sets.push(folderOf(images));
    else for (const item of images) refuse(item, 'twoSets');
  }
  return judged({ action: actionOf(mainKind, main, { sets, data }), refused }, { host, hasProject });
}

function kindOf(item: DroppedItem): DropKind {
  return dropKind(item.name, item.isFolder);
}

function actionOf(
  kind: DropKind | undefined,
  main: DroppedItem | undefined,
  { sets, data }: { readonly sets: readonly DroppedItem[]; readonly data: readonly DroppedItem[] },
): DropAction | null {
  if (main === undefined) return null;
  switch (kind) {
    case 'project':
      return { kind, project: main };
    case 'model':
      return { kind, model: main, sets, data };
    case 'cache':
      return { kind, cache: main };
    default:
      return { kind: 'sets', sets };
  }
}

/** Refuses actions that are not possible here: opening a project in a browser, or a cache without an open project. */
function judged(plan: DropPlan, { host, hasProject }: DropPlace): DropPlan {
  const { action, refused } = plan;
  if (action?.kind === 'project' && host === 'browser')
    return { action: null, refused: [{ name: action.project.name, reasonKey: 'start.projectByPath' }, ...refused] };
  if (action?.kind === 'cache' && !hasProject)
    return { action: null, refused: [{ name: action.cache.name, reasonKey: 'start.cacheNeedsProject' }, ...refused] };
  return plan;
}

/** Combines single images into one folder. */
function folderOf(images: readonly DroppedItem[]): DroppedItem {
  return { name: IMAGES_FOLDER, isFolder: true, file: null, entry: null, content: images };
}

/** Gives images from several folders unique names: if a name is taken, a number is added. */
function uniqueNames(images: readonly DroppedItem[]): readonly DroppedItem[] {
  const taken = new Set<string>();
  return images.map((image) => {
    const dot = image.name.lastIndexOf('.');
    let { name } = image;
    for (let number = 2; taken.has(name); number++)
      name = `${image.name.slice(0, dot)}-${number}${image.name.slice(dot)}`;
    taken.add(name);
    return name === image.name ? image : { ...image, name };
  });
}
