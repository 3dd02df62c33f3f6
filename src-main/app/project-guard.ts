import type { Preprocessing } from '../../src-shared/domain/preprocessing';
import { METHODS } from '../../src-shared/domain/methods';
import { PRECISIONS, TARGETS } from '../../src-shared/domain/precision';
import { PROJECT_VERSION, type Gates, type ProjectFile, type SetReference } from '../../src-shared/domain/project';
import { WorkbenchError } from '../../src-shared/base/errors';
import { Field } from './json-field';

/**
 * Reads a project of the current version; unknown fields are ignored. `source` names the file in messages. Throws
 * `project-invalid` with the path of the field (`preprocessing.resize.width`), what was expected and what was found.
 */
export function parseProject(value: unknown, source: string): ProjectFile {
  const root = new Field(value, '', (message) => {
    return new WorkbenchError('project-invalid', `${source}: ${message}`, { hint: 'Restore the file from a backup, or make the project again with `calib init`.' });
  });
  const version = root.at('version');
  if (version.number() !== PROJECT_VERSION) throw version.expected(String(PROJECT_VERSION));
  const model = root.at('model');
  const preprocessing = root.at('preprocessing');
  return {
    version: PROJECT_VERSION,
    name: root.at('name').text(),
    model: { path: model.at('path').text(), sha256: model.at('sha256').text() },
    calibrationSet: parseSet(root.at('calibrationSet')),
    validationSet: root.at('validationSet').orNull(parseSet),
    preprocessing: parsePreprocessing(preprocessing),
    preprocessingNotes: root.at('preprocessingNotes').list((item) => item.text()),
    method: root.at('method').oneOf(METHODS),
    percentile: root.at('percentile').numberIn('a percentile above 0 and up to 100', (n) => n > 0 && n <= 100),
    tensorMethods: root.at('tensorMethods').record((item) => item.oneOf(METHODS)),
    manualThresholds: root.at('manualThresholds').record(parseThreshold),
    importedThresholds: root.at('importedThresholds').record(parseThreshold),
    plan: { layers: root.at('plan').at('layers').record((item) => item.oneOf(PRECISIONS)) },
    target: root.at('target').oneOf(TARGETS),
    gates: parseGates(root.at('gates')),
  };
}

function parseSet(field: Field): SetReference {
  return { path: field.at('path').text(), labels: field.at('labels').orNull((item) => item.text()) };
}

function parseThreshold(field: Field): number {
  return field.numberIn('a threshold above 0', (n) => n > 0);
}

function parseGates(field: Field): Gates {
  const limit = (name: keyof Gates): number | null => field.at(name).orNull((item) => item.number());
  return {
    maxTop1Drop: limit('maxTop1Drop'),
    maxWorstGroupDrop: limit('maxWorstGroupDrop'),
    minTop1: limit('minTop1'),
    maxLatencyMs: limit('maxLatencyMs'),
  };
}

const pixels = (field: Field): number => field.numberIn('a whole number of pixels above 0', (n) => Number.isInteger(n) && n > 0);

function parsePreprocessing(field: Field): Preprocessing {
  const size = (item: Field): { readonly width: number; readonly height: number } => ({ width: pixels(item.at('width')), height: pixels(item.at('height')) });
  const notZero = (item: Field): number => item.numberIn('a number that is not 0', (n) => n !== 0);
  return {
    resize: parseResize(field.at('resize'), size),
    crop: field.at('crop').orNull(size),
    order: field.at('order').oneOf(['rgb', 'bgr', 'gray']),
    scale: notZero(field.at('scale')),
    mean: field.at('mean').list((item) => item.number()),
    std: field.at('std').list(notZero),
    layout: field.at('layout').oneOf(['nchw', 'nhwc']),
  };
}

function parseResize(field: Field, size: (item: Field) => { readonly width: number; readonly height: number }): Preprocessing['resize'] {
  const kind = field.at('kind').oneOf(['none', 'stretch', 'short', 'letterbox']);
  switch (kind) {
    case 'none':
      return { kind };
    case 'stretch':
      return { kind, ...size(field) };
    case 'short':
      return { kind, shortSide: pixels(field.at('shortSide')) };
    case 'letterbox':
      return { kind, ...size(field), pad: field.at('pad').numberIn('a pixel value from 0 to 255', (n) => n >= 0 && n <= 255) };
  }
}
