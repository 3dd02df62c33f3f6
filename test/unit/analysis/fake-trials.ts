import type { Trial, TrialAnswer, TrialImage, Trials } from '../../../src-main/analysis/trials';
import type { TaskRecord } from '../../../src-shared/domain/measures/task-records';

/** Trials of a made-up model with one output of power 1: `noiseOf` says what a trial's error on an image is. */
export class FakeTrials implements Trials {
  readonly reference;
  /** Every trial that was run, with the number of its images. */
  readonly ran: { readonly trial: Trial; readonly images: number }[] = [];

  constructor(
    readonly images: readonly TrialImage[],
    private readonly noiseOf: (trial: Trial, image: TrialImage, index: number) => number,
    /** The class that a trial answers; FP32 answers the label. */
    private readonly answerOf: (trial: Trial, image: TrialImage, index: number) => number = (_, image) =>
      image.label ?? -1,
  ) {
    this.reference = images.map(({ label }) => ({ signal: [1], top1: label ?? -1 }));
  }

  run(trials: readonly Trial[], at: readonly number[]): Promise<TrialAnswer[][]> {
    return Promise.resolve(
      trials.map((trial) => {
        this.ran.push({ trial, images: at.length });
        return at.map((index) => {
          const image = this.images[index];
          if (!image) throw new RangeError(`no image ${index}`);
          return { noise: [this.noiseOf(trial, image, index)], top1: this.answerOf(trial, image, index) };
        });
      }),
    );
  }
}

export function fakeImages(groups: readonly (string | null)[]): TrialImage[] {
  return groups.map((group, i) => ({ file: `${i}.png`, group, label: i % 2 }));
}

/** The answer of a detector: FP32's candidates have power 1. */
export function detectionRecord(noise: number): TaskRecord {
  const toFp32 = {
    classes: new Int32Array(),
    scores: new Float32Array(),
    flags: new Uint32Array(),
    truthClasses: new Int32Array(),
    truthCounts: new Uint32Array(),
  };
  return { kind: 'detection', toTruth: null, toFp32, candidates: { signal: 1, noise } };
}

/** The same trials for a detector, whose candidates have another error than all values of the outputs. */
export function asDetector(
  trials: FakeTrials,
  candidateNoise: (trial: Trial, image: TrialImage, index: number) => number,
): Trials {
  return {
    images: trials.images,
    reference: trials.reference.map((own) => ({ ...own, top1: -1, record: detectionRecord(0) })),
    run: async (list, at) =>
      (await trials.run(list, at)).map((answers, i) =>
        answers.map((answer, k): TrialAnswer => {
          const [trial, image, index] = [list[i], trials.images[at[k] ?? 0], at[k] ?? 0];
          if (!trial || !image) throw new RangeError('no such trial');
          return { ...answer, top1: -1, record: detectionRecord(candidateNoise(trial, image, index)) };
        }),
      ),
  };
}
