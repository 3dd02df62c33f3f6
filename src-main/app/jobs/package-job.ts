import type { PackageResult } from '../../../src-shared/contract/job-results';
import type { PackageSpec } from '../../../src-shared/contract/job-specs';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { spread } from '../../analysis/choose-images';
import { addConfiguration, folderOf, shareConfiguration } from '../packages/package-kinds';
import { contentOf } from '../packages/package-content';
import { writePackage } from '../packages/package-folder';
import { packModel } from '../packages/package-model';
import { checkOutputPath } from '../projects/output-path';
import { loadSet } from '../projects/workspace';
import type { JobContext } from '../job-context';

/**
 * Writes a model with everything that a server or another program needs to run it, and with recorded answers to a few
 * images. @throws WorkbenchError preprocessing-invalid if a configuration cannot express the preprocessing
 */
export async function packageJob(spec: PackageSpec, job: JobContext): Promise<PackageResult> {
  checkOutputPath(spec.outPath, job.workspace);
  if (spec.backend === 'tensorrt' && (spec.packageKind === 'openvino' || spec.packageKind === 'deepstream'))
    throw new WorkbenchError('usage', `A package of kind ${spec.packageKind} has no TensorRT engine`, {
      hint: 'Choose the backend ort-cpu.',
    });
  const { workspace } = job;
  const set = await loadSet(workspace, workspace.file.validationSet === null ? 'calibration' : 'validation', undefined);
  const entries = spread(set.entries, spec.images);
  const dir = await folderOf(spec, job);
  const { files, value } = await writePackage(dir, async (folder) => {
    const model = await packModel(spec, folder, job);
    const content = await contentOf({ spec, model, entries, classNames: set.classNames, folder }, job);
    const warnings = [...model.warnings, ...(await addConfiguration(content, job))];
    return { manifest: content.manifest, value: { warnings, manifest: content.manifest } };
  });
  await shareConfiguration(spec, job);
  return {
    project: workspace.path,
    packageKind: spec.packageKind,
    variant: value.manifest.variant,
    backend: spec.backend,
    out: dir,
    files,
    samples: value.manifest.samples.length,
    warnings: value.warnings,
  };
}
