import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { advise } from '../../../src-shared/base/advice';
import type { CreateProjectRequest } from '../../../src-shared/contract/requests';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { DEFAULT_METHOD, DEFAULT_PERCENTILE } from '../../../src-shared/domain/project/methods';
import { EMPTY_PLAN } from '../../../src-shared/domain/project/precision';
import type { Gates } from '../../../src-shared/domain/project/gates';
import { PROJECT_VERSION, type ProjectFile } from '../../../src-shared/domain/project/project';
import { packageRoot } from '../../base/package-info';
import { loadImageSet } from '../../calibration/images/image-set';
import { inspectModel } from '../../onnx/graph/inspect';
import { importModel } from '../../onnx/passes/import-model';
import { readModel } from '../../onnx/wire/wire-reader';
import type { Model } from '../../onnx/graph/model';
import { guessInputs, projectInputs } from './project-inputs';
import { createProjectFolder, loadProject, modelReference, saveProject } from './project-store';
import { setRequest } from './workspace';
import { withTask } from './task-edit';

const NO_GATES: Gates = { maxTop1Drop: null, maxWorstGroupDrop: null, minTop1: null, maxLatencyMs: null };

/**
 * Creates a project: reads the model, lists the image sets and guesses the preprocessing options that were not given.
 * Everything is checked before anything is written.
 * @returns absolute path of the project's folder
 * @throws WorkbenchError usage, not-found, model-invalid, model-unsupported, images-empty, labels-invalid, unwritable
 */
export async function createProject(request: CreateProjectRequest): Promise<string> {
  const modelPath = resolve(request.modelPath);
  const projectPath = resolve(request.projectPath);
  if (!projectPath.endsWith('.calib')) {
    throw new WorkbenchError(
      'usage',
      `Expected the project's folder to end in .calib, found "${basename(projectPath)}"`,
      { hint: `Name it ${basename(projectPath)}.calib.` },
    );
  }
  const model = readModel(modelPath);
  inspectModel(model, modelPath);
  const imported = importModel(model);
  const inputs = projectInputs(imported.model, request.inputs ?? {});
  const { preprocessing, notes } = await guessInputs(imported.model, request, inputs.sources);
  const hasThresholds = Object.keys(imported.thresholds).length > 0;
  if ((request.labelsCsv ?? request.classNamesPath) !== undefined && request.validationPath === undefined) {
    throw new WorkbenchError('usage', 'Labels and class names belong to a validation set, and none was named', {
      hint: advise('add-validation-set'),
    });
  }
  const labels = request.labelsCsv === undefined ? null : resolve(request.labelsCsv);
  const order = request.labelOrder === undefined ? {} : { labelOrder: request.labelOrder };
  const calibrationSet = { path: resolve(request.calibrationPath), labels: null, ...order };
  const validationSet =
    request.validationPath === undefined
      ? null
      : {
          path: resolve(request.validationPath),
          labels,
          ...order,
          ...(request.classNamesPath === undefined ? {} : { classNames: resolve(request.classNamesPath) }),
        };
  const undecided: ProjectFile = {
    version: PROJECT_VERSION,
    name: basename(projectPath).replace(/\.calib$/, ''),
    model: await modelReference(modelPath, model),
    calibrationSet,
    validationSet,
    preprocessing,
    preprocessingNotes: [...inputs.notes, ...notes],
    ...(inputs.sources === undefined ? {} : { inputs: inputs.sources }),
    ...(imported.notes.length === 0
      ? {}
      : { modelNotes: imported.notes.map(({ code, message }) => ({ code, message })) }),
    // Scales that came with the model were chosen on purpose, in training with quantization even with the weights.
    method: hasThresholds ? 'imported' : DEFAULT_METHOD,
    percentile: DEFAULT_PERCENTILE,
    tensorMethods: {},
    manualThresholds: {},
    importedThresholds: imported.thresholds,
    ...(hasThresholds ? { importedFrom: 'model' as const } : {}),
    plan: EMPTY_PLAN,
    target: 'onnxruntime',
    gates: NO_GATES,
  };
  const file = withRequestedTask(undecided, request, model);
  await loadImageSet(setRequest(calibrationSet, file, 'calibration'));
  if (validationSet) await loadImageSet(setRequest(validationSet, file, 'validation'));
  await createProjectFolder(projectPath, file);
  return projectPath;
}

function withRequestedTask(file: ProjectFile, { task }: CreateProjectRequest, model: Model): ProjectFile {
  return task === undefined ? file : withTask(file, task, model);
}

/**
 * Creates the project of the bundled plate reader in the user's data folder unless it exists.
 * @returns absolute path of the project's folder
 */
export async function ensureSample(dataDir: string): Promise<string> {
  const projectPath = join(dataDir, 'sample', 'plate_chars.calib');
  if (existsSync(join(projectPath, 'project.json'))) return projectPath;
  const source = join(packageRoot(), 'resources/sample');
  await rm(projectPath, { recursive: true, force: true });
  await mkdir(join(dataDir, 'sample'), { recursive: true });
  await createProject({
    modelPath: join(source, 'plate_chars.onnx'),
    calibrationPath: join(source, 'calibration'),
    validationPath: join(source, 'validation'),
    projectPath,
    preprocessing: {},
  });
  // The sample shows what the entropy method does to images taken at night, so that the project asks for this method.
  await saveProject(projectPath, { ...(await loadProject(projectPath)), method: 'entropy' });
  return projectPath;
}
