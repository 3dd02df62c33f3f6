import { join } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { SHARDS_FOLDER } from '../../compute/shards/find-shards';

/** The files and folders of one project; absolute if the project's folder is. Their names are defined here only. */
export interface ArtifactPaths {
  readonly projectFile: string;
  readonly lockFile: string;
  /** Lock file of the process that computes shard `index` of `count` of a job. */
  readonly shardLockFile: (kind: string, index: number, count: number) => string;
  /** Finished and unfinished shards, see shard-store. */
  readonly shardsDir: string;
  /** model.onnx, weights.bin and prepared.json of the prepared model. */
  readonly preparedDir: (key: string) => string;
  /**
   * Names the calibration that the project uses. `changes` names what the plan changes in the prepared model, so that
   * the calibrations of all forms are kept when a repair is switched.
   */
  readonly currentCalibrationPath: (changes: readonly string[]) => string;
  /** The factors of smoothing. */
  readonly smoothingFile: (key: string) => string;
  readonly calibrationDir: (key: string) => string;
  /** Hashes of the files of a set, see image-hashes. */
  readonly imageHashesFile: (set: 'calibration' | 'validation') => string;
  /** Copy of the calibration cache that was imported last. */
  readonly importedCacheFile: string;
  /** Results of analyses, and journals of the trials that they made. */
  readonly analysisDir: string;
  readonly analysisFile: (name: string) => string;
  /** Histograms that only health checks need: of folds of the calibration set, and of images from the field. */
  readonly healthDir: string;
  readonly healthCollection: (key: string) => string;
  readonly enginesDir: string;
  readonly engineDir: (key: string) => string;
  readonly runsDir: string;
  /** `id` is the run's whole id, `<time>-<id>`. */
  readonly runDir: (id: string) => string;
  readonly reportFile: (id: string) => string;
}

export const PROJECT_FILE_NAME = 'project.json';

export function artifactPaths(projectDir: string): ArtifactPaths {
  const at = (folder: string, key: string, ...rest: readonly string[]): string =>
    join(projectDir, folder, safeName(key), ...rest);
  const calibration = join(projectDir, 'calibration');
  return {
    projectFile: join(projectDir, PROJECT_FILE_NAME),
    lockFile: join(projectDir, 'project.lock'),
    shardLockFile: (kind, index, count) => join(projectDir, `${kind}-${index}-of-${count}.lock`),
    shardsDir: join(projectDir, SHARDS_FOLDER),
    preparedDir: (key) => at('prepared', key),
    currentCalibrationPath: (changes) => join(calibration, `${safeName(['current', ...changes].join('-'))}.json`),
    smoothingFile: (key) => join(projectDir, 'smoothing', `${safeName(key)}.json`),
    calibrationDir: (key) => at('calibration', key),
    imageHashesFile: (set) => join(projectDir, 'image-hashes', `${set}.txt`),
    importedCacheFile: join(projectDir, 'imported.cache'),
    analysisDir: join(projectDir, 'analysis'),
    healthDir: join(projectDir, 'health'),
    healthCollection: (key) => at('health', key),
    analysisFile: (name) => join(projectDir, 'analysis', `${safeName(name)}.json`),
    enginesDir: join(projectDir, 'engines'),
    engineDir: (key) => at('engines', key),
    runsDir: join(projectDir, 'runs'),
    runDir: (id) => at('runs', id),
    reportFile: (id) => at('runs', id, 'report.html'),
  };
}

/**
 * A key or name as one path segment. It may come from a record or a command line and must not lead out of the project.
 */
function safeName(name: string): string {
  if (!/^[A-Za-z0-9_+=@-][A-Za-z0-9._+=@-]*$/.test(name)) {
    throw new WorkbenchError('usage', `Expected a name of letters, digits and . _ + = @ -, found "${name}"`);
  }
  return name;
}
