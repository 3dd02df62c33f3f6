import { expect, it } from 'vitest';
import { artifactPaths } from '../../../src-main/app/artifact-paths';

const paths = artifactPaths('/p/x.calib');

it('names the files of a project', () => {
  expect(paths.histogramsFile('ab12')).toBe('/p/x.calib/calibration/ab12/histograms.bin');
  expect(paths.runFile('20260102T030405Z-ab12')).toBe('/p/x.calib/runs/20260102T030405Z-ab12/run.json');
  expect(paths.variantFile('int8-minmax')).toBe('/p/x.calib/variants/int8-minmax.onnx');
});

it.each(['..', '.', '', 'a/b', '../x', '.hidden', 'a\\b', 'a\0'])('refuses the key %j', (key) => {
  expect(() => paths.runDir(key)).toThrow('Expected a name of letters');
});
