export type DropKind = 'model' | 'project' | 'cache' | 'folder' | 'image' | 'data' | 'unknown';

/** The files that a set of images is made of. */
const IMAGE = /\.(jpe?g|jpe|jfif|png|webp|bmp|dib|tiff?|npy|npz)$/;

/** What a dropped thing is, by its name: nothing is read before a person has said yes. */
export function dropKind(name: string, isFolder: boolean): DropKind {
  const lower = name.toLowerCase();
  if (isFolder) return lower.endsWith('.calib') ? 'project' : 'folder';
  if (lower.endsWith('.onnx')) return 'model';
  if (lower.endsWith('.cache')) return 'cache';
  return IMAGE.test(lower) ? 'image' : isModelData(lower) ? 'data' : 'unknown';
}

/** Weights beside a model travel with it. */
export function isModelData(name: string): boolean {
  return /\.(data|bin|onnx_data|onnx\.data|weights)$/i.test(name) || /\.onnx[._]data/i.test(name);
}

/** Which set a folder is likely to be, by its name: training data calibrates, held-out data validates. */
export function likelySet(folderName: string): 'calibration' | 'validation' {
  return /val|test|eval|holdout/i.test(folderName) ? 'validation' : 'calibration';
}

/** The folder that a new project is proposed to become: beside the model, or in `folder`, named after the model. Keeps the path's own slashes. */
export function proposedProjectPath(modelPath: string, folder: string | null = null): string {
  const slash = folder?.includes('/') === false ? '\\' : '/';
  const base = folder === null ? modelPath : `${folder.replace(/[\\/]+$/, '')}${slash}${nameOfPath(modelPath)}`;
  return `${base.replace(/\.onnx$/i, '')}.calib`;
}

/** The last part of a path with either kind of slash. */
export function nameOfPath(path: string): string {
  return (
    path
      .replace(/[\\/]+$/, '')
      .split(/[\\/]/)
      .at(-1) ?? path
  );
}
