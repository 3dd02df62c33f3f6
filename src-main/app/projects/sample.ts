import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../base/package-info';
import { createProject } from './create-project';
import { loadProject, saveProject } from './project-store';

/**
 * The bundled plate reader as a project in the user's data folder: calibrated on day and night with the entropy method,
 * whose night images suffer. Made once. @returns its path.
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
  // Its story is what the entropy method does to the night: it is asked for.
  await saveProject(projectPath, { ...(await loadProject(projectPath)), method: 'entropy' });
  return projectPath;
}
