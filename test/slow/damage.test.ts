/** Files that were damaged, absent or held: the right numbers come out, or a clear word. */
import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createWorkbench } from '../../src-main/app/create-workbench';
import { projectFeeding, loadSet, openWorkspace } from '../../src-main/app/projects/workspace';
import { readCalibrationIndex } from '../../src-main/calibration/histograms/calibration-store';
import { ComputeClient } from '../../src-main/compute/pool/client';
import { loadPrepared } from '../../src-main/onnx/passes/prepared-store';
import { calib, calibJson } from '../support/calib-process';
import { REPO_ROOT } from '../support/shared';
import { useCalibratedProject } from '../support/project-fixture';

const { dir, project } = useCalibratedProject({ images: 24 });

/** Changes bytes in the middle of a file. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  const at = Math.floor(bytes.length / 2);
  bytes.fill(0x41, at, at + 64);
  writeFileSync(path, bytes);
}

const onlyFolder = (path: string): string => join(path, readdirSync(path)[0] ?? '');

describe('a project', () => {
  it('is edited by ten processes at once: each edit is made, after a moment', async () => {
    const tensors = Array.from({ length: 10 }, (_, i) => (i + 1) / 10);
    const outcomes = await Promise.all(
      tensors.map((threshold, i) =>
        calib(
          'set',
          project,
          '--gate',
          `maxTop1Drop=${threshold}`,
          ...(i === 0 ? ['--tensor', 'r0', '--threshold', '1.5'] : []),
        ),
      ),
    );
    expect(outcomes.map(({ code, stderr }) => ({ code, stderr: code === 0 ? '' : stderr }))).toEqual(
      outcomes.map(() => ({ code: 0, stderr: '' })),
    );
    const file = JSON.parse(readFileSync(join(project, 'project.json'), 'utf8')) as {
      readonly manualThresholds: unknown;
    };
    expect(file.manualThresholds).toEqual({ r0: 1.5 });
    expect(readdirSync(project).filter((name) => /lock|tmp/.test(name))).toEqual([]);
    await calibJson('set', project, '--tensor', 'r0', '--method', 'minmax');
  });

  it('makes prepared weights and engines again that are not what was written', async () => {
    const validate = (): Promise<unknown> =>
      calibJson<{ readonly variants: readonly object[] }>('validate', project, '--variants', 'fp32,int8,mixed').then(
        ({ variants }) => variants,
      );
    const expected = await validate();
    damage(join(onlyFolder(join(project, 'prepared')), 'weights.bin'));
    expect(await validate()).toEqual(expected);
    damage(join(onlyFolder(join(project, 'engines')), 'model.onnx'));
    expect(await validate()).toEqual(expected);
  });

  it('counts images that were absent once, as if they had never been away', async () => {
    const compute = new ComputeClient(join(REPO_ROOT, 'out/main/compute-host.js'));
    const workbench = createWorkbench();
    try {
      const workspace = await openWorkspace(project);
      const set = await loadSet(workspace, 'calibration', undefined);
      const [away] = set.entries;
      if (!away) throw new Error('no images');
      const collect = (calibrationDir: string, continuesFinished: boolean) =>
        compute.request(
          'calibrate',
          {
            preparedDir: workspace.preparedDir,
            feeding: projectFeeding(workspace, loadPrepared(workspace.preparedDir)),
            set,
            key: 'k',
            calibrationDir,
            threads: 1,
            shard: null,
            checkpointSeconds: 5,
            tensorrtGrid: null,
            continuesFinished,
          },
          {},
        );
      const whole = await collect(join(dir, 'whole'), false);
      renameSync(away.path, `${away.path}.away`);
      const part = await collect(join(dir, 'part'), false);
      expect(part).toMatchObject({
        images: 23,
        skipped: [{ file: away.file, isAbsent: true, reason: expect.stringContaining('does not exist') as string }],
      });
      expect(part.sha256).not.toBe(whole.sha256);
      renameSync(`${away.path}.away`, away.path);
      const resumed = await collect(join(dir, 'part'), true);
      expect(resumed).toMatchObject({ images: 24, skipped: [], sha256: whole.sha256, resumedImages: 23 });

      // The job knows from the index that an image was absent, and that it is back.
      const { calibrated } = await workbench.openProject({ projectPath: project });
      expect(calibrated).toBe(true);
      const { key } = JSON.parse(readFileSync(join(project, 'calibration/current.json'), 'utf8')) as {
        readonly key: string;
      };
      const folder = join(project, 'calibration', key);
      const index = readCalibrationIndex(folder);
      if (!index) throw new Error(`no index in ${folder}`);
      writeFileSync(
        join(folder, 'index.json'),
        JSON.stringify({ ...index, skipped: [{ file: away.file, reason: 'the file does not exist', isAbsent: true }] }),
      );
      const again = await calibJson('calibrate', project);
      expect(again).toMatchObject({ images: 24, skipped: [] });
      expect(again).not.toHaveProperty('kept');
    } finally {
      compute.dispose();
      workbench.dispose();
    }
  });
});
