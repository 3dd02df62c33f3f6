import {
  arrayOf,
  boolean,
  byKind,
  nullable,
  number,
  objectOf,
  oneOf,
  recordOf,
  string,
  where,
  type Shape,
} from '../../base/json-shape';
import { LABEL_ORDERS } from './image-set';
import { METHODS } from './methods';
import {
  ATTENTION_PRECISIONS,
  PRECISIONS,
  FALLBACK_PRECISIONS,
  TARGETS,
  type PrecisionPlan,
  type Repairs,
} from './precision';
import { CROP_ROUNDINGS, ORIENTATIONS, type PartialPreprocessing, type Preprocessing } from './preprocessing';
import { PROJECT_VERSION, type Gates, type ModelReference, type ProjectFile, type SetReference } from './project';

/** Guards of what a project file and requests about projects hold. */

const text = where(string, 'a text', (value) => value !== '');
const path = where(string, 'a path', (value) => value !== '' && !value.includes('\0'));
const pixels = where(number, 'a whole number of pixels above 0', (value) => Number.isInteger(value) && value > 0);
const notZero = where(number, 'a number that is not 0', (value) => value !== 0);
const threshold = where(number, 'a threshold above 0', (value) => value > 0);
const size = { width: pixels, height: pixels } as const;

type Resize<K extends Preprocessing['resize']['kind']> = Extract<Preprocessing['resize'], { kind: K }>;
const resize = byKind<Preprocessing['resize']>({
  none: objectOf<Resize<'none'>>({ kind: oneOf('none') }, {}),
  stretch: objectOf<Resize<'stretch'>>({ kind: oneOf('stretch'), ...size }, {}),
  short: objectOf<Resize<'short'>>({ kind: oneOf('short'), shortSide: pixels }, {}),
  letterbox: objectOf<Resize<'letterbox'>>(
    {
      kind: oneOf('letterbox'),
      ...size,
      pad: where(number, 'a pixel value from 0 to 255', (value) => value >= 0 && value <= 255),
    },
    {},
  ),
});

/** One value for all channels or one each; a gray image has one channel, others have three. */
function perChannel(shape: Shape<number>): Shape<readonly number[]> {
  return where(arrayOf(shape), 'an array of 1 or 3 numbers', ({ length }) => length === 1 || length === 3);
}

const preprocessingFields = {
  resize,
  crop: nullable(objectOf<NonNullable<Preprocessing['crop']>>(size, {})),
  order: oneOf('rgb', 'bgr', 'gray'),
  scale: notZero,
  mean: perChannel(number),
  std: perChannel(notZero),
  layout: oneOf('nchw', 'nhwc'),
} as const;

const orientation = oneOf(...ORIENTATIONS);
const cropRounding = oneOf(...CROP_ROUNDINGS);
export const preprocessingShape: Shape<Preprocessing> = objectOf<Preprocessing>(preprocessingFields, {
  orientation,
  cropRounding,
});
export const partialPreprocessingShape: Shape<PartialPreprocessing> = objectOf<PartialPreprocessing>(
  {},
  { ...preprocessingFields, orientation, cropRounding },
);

const limit = where(number, 'a limit of at least 0', (value) => value >= 0);
const gateFields = {
  maxTop1Drop: nullable(limit),
  maxWorstGroupDrop: nullable(limit),
  minTop1: nullable(limit),
  maxLatencyMs: nullable(limit),
} as const;
export const gatesShape: Shape<Gates> = objectOf<Gates>(gateFields, {});
export const someGatesShape: Shape<Partial<Gates>> = objectOf<Partial<Gates>>({}, gateFields);

export const percentileShape: Shape<number> = where(
  number,
  'a percentile above 0 and up to 100',
  (value) => value > 0 && value <= 100,
);

const currentPlanShape: Shape<PrecisionPlan> = objectOf<PrecisionPlan>(
  { layers: recordOf(oneOf(...PRECISIONS)) },
  {
    fallbackPrecision: oneOf(...FALLBACK_PRECISIONS),
    attention: oneOf(...ATTENTION_PRECISIONS),
    repairs: objectOf<Repairs>({}, { equalization: boolean, biasCorrection: boolean }),
  },
);

/**
 * A precision plan. Older project files and run records name the fallback precision `rest`; it is read under its present
 * name, so that a file is written in the present form when it is saved next.
 */
export const planShape: Shape<PrecisionPlan> = (value, path) => currentPlanShape(withPresentNames(value), path);

function withPresentNames(plan: unknown): unknown {
  if (typeof plan !== 'object' || plan === null || !('rest' in plan) || 'fallbackPrecision' in plan) return plan;
  const { rest, ...others } = plan;
  return { ...others, fallbackPrecision: rest };
}

const setReference = objectOf<SetReference>({ path, labels: nullable(path) }, { labelOrder: oneOf(...LABEL_ORDERS) });

/** The fields that edits change, see ProjectDecisions. */
export const decisionFields = {
  method: oneOf(...METHODS),
  percentile: percentileShape,
  tensorMethods: recordOf(oneOf(...METHODS)),
  manualThresholds: recordOf(threshold),
  plan: planShape,
  target: oneOf(...TARGETS),
  gates: gatesShape,
  preprocessing: preprocessingShape,
  calibrationSet: setReference,
  validationSet: nullable(setReference),
} as const;

export const modelShape = objectOf<ModelReference>(
  { path, sha256: text },
  { weights: arrayOf(objectOf<NonNullable<ModelReference['weights']>[number]>({ file: path, sha256: text }, {})) },
);

/** A project file of the current version; unknown fields are left out. */
export const projectFileShape: Shape<ProjectFile> = objectOf<ProjectFile>(
  {
    version: oneOf(PROJECT_VERSION),
    name: text,
    model: modelShape,
    preprocessingNotes: arrayOf(string),
    importedThresholds: recordOf(threshold),
    ...decisionFields,
  },
  {},
);
