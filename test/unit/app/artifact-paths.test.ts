import { expect, it } from 'vitest';
import { artifactPaths } from '../../../src-main/app/projects/artifact-paths';

const paths = artifactPaths('/p/x.calib');

it('names the files of a project', () => {
  expect(paths.calibrationDir('ab12')).toBe('/p/x.calib/calibration/ab12');
  expect(paths.reportFile('20260102T030405Z-ab12')).toBe('/p/x.calib/runs/20260102T030405Z-ab12/report.html');
  expect(paths.engineDir('ab12')).toBe(`${paths.enginesDir}/ab12`);
});

it.each(['..', '.', '', 'a/b', '../x', '.hidden', 'a\\b', 'a\0'])('refuses the key %j', (key) => {
  expect(() => paths.runDir(key)).toThrow('Expected a name of letters');
});
