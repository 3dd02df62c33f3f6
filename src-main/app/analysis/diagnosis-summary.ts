import { formatAccuracy, formatCountOf, formatDb, formatFraction } from '../../../src-shared/base/units';
import type {
  DiagnosisAction,
  DiagnosisResult,
  DiagnosisSubject,
  TrialQuality,
} from '../../../src-shared/domain/analysis/analysis';

export type ClippedTensor = DiagnosisResult['clipped'][number];

/** Number of tensors that the summary names. */
const NAMED = 3;

/** Title of a subject, for example `night`, `class 6` or `6 read as 8`. */
export function titleOf(subject: DiagnosisSubject, classNames: readonly string[]): string {
  const nameOf = (label: number): string => classNames[label] ?? String(label);
  switch (subject.kind) {
    case 'group':
      return subject.group;
    case 'class':
      return `class ${nameOf(subject.label)}`;
    case 'confusion':
      return `${nameOf(subject.from)} read as ${nameOf(subject.to)}`;
  }
}

/** A sentence such as `FP16 for /f/c1/Conv: right answers 67.2 % -> 92.2 %, output SQNR 9.1 dB -> 17.4 dB` */
export function describeAction(
  action: Pick<DiagnosisAction, 'kind' | 'name' | 'precision' | 'method'>,
  before: TrialQuality,
  after: TrialQuality,
): string {
  const change =
    action.kind === 'release'
      ? `${(action.precision ?? 'fp16').toUpperCase()} for ${action.name}`
      : `${action.method ?? ''} for ${action.name}`;
  return `${change}: ${answers(before, after)}`;
}

function answers(before: TrialQuality, after: TrialQuality): string {
  const sqnr = `output SQNR ${db(before)} to ${db(after)}`;
  if (before.top1 !== null && after.top1 !== null)
    return `right answers ${formatAccuracy(before.top1)} to ${formatAccuracy(after.top1)}, ${sqnr}`;
  if (before.agreement !== null && after.agreement !== null)
    return `answers as by FP32 ${formatAccuracy(before.agreement)} to ${formatAccuracy(after.agreement)}, ${sqnr}`;
  return sqnr;
}

function db({ sqnrDb }: TrialQuality): string {
  return sqnrDb === null ? 'without error' : formatDb(sqnrDb);
}

/** A few sentences: what is wrong with these images, the reason, and the best single change. */
export function summarizeDiagnosis(
  { subject, title, images, variant, clipped, actions }: DiagnosisResult,
  before: TrialQuality,
  fp32: TrialQuality,
): string {
  const found =
    before.top1 === null || fp32.top1 === null
      ? `output SQNR is ${db(before)}`
      : `${variant} answers ${formatAccuracy(before.top1)} right, FP32 ${formatAccuracy(fp32.top1)}`;
  // For a confusion all images of the class are examined, not only those that are mistaken for another class.
  const sentences = [
    `${formatCountOf(images, 'image')} of ${subject.kind === 'confusion' ? `the class in ${title}` : title}: ${found}.`,
  ];
  const more = clipped.slice(0, NAMED);
  if (more.length === 0) sentences.push('No tensor clips a thousandth of their values: the error comes from rounding.');
  else {
    const named = more.map(
      ({ tensor, clippedFraction, elsewhere }) =>
        `${tensor} clips ${formatFraction(clippedFraction)} of their values ` +
        `(${formatFraction(elsewhere)} over the calibration set)`,
    );
    sentences.push(`${named.join('; ')}.`);
  }
  const [best] = actions;
  sentences.push(
    best
      ? `The best single change is ${best.sentence}.`
      : 'No single change takes much of the error away: look for a plan with several FP16 layers, ' +
          'or for other calibration images.',
  );
  return sentences.join(' ');
}
