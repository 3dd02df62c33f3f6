import type { Trial, TrialAnswer, TrialImage, Trials } from '../../../src-main/analysis/trials';

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
