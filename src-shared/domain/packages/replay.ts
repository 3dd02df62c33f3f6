/** How far a replayed tensor is from the recorded one. */
export interface ReplayedTensor {
  /** Name of the image. */
  readonly sample: string;
  /** `input`: what the preprocessing makes of the image; `output`: what the model answers to the recorded input. */
  readonly kind: 'input' | 'output';
  /** Name of the input or output. */
  readonly tensor: string;
  /** Largest distance of two values. */
  readonly difference: number;
  /** Largest |x| that was recorded. */
  readonly largest: number;
}

/** Share of the largest recorded |x| by which answers may differ: kernels of other processors round otherwise. */
export const REPLAY_TOLERANCE = 0.01;

export function isReplayed({ difference, largest }: ReplayedTensor, tolerance: number): boolean {
  return difference <= tolerance * largest;
}
