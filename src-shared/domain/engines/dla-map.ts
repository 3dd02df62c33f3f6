/** Where NVIDIA's deep learning accelerator (DLA) of a Jetson would run a model, by its documented limits. */
export interface DlaMap {
  /** False: the rules were never compared with a DLA. */
  readonly isVerifiedOnHardware: false;
  /** The documents that the rules are taken from. */
  readonly source: string;
  readonly layers: readonly DlaLayer[];
  /** Groups of connected layers that DLA runs as one program (loadable), in order of execution. */
  readonly regions: readonly DlaRegion[];
  /** Tensors that are handed from one device to the other. */
  readonly transitions: readonly DlaTransition[];
  /** Tensors that DLA reads or writes in INT8: each of them needs a scale. In graph order. */
  readonly scales: readonly string[];
  /** Tensors that must have the same scale, at least two each. */
  readonly sharedScales: readonly (readonly string[])[];
  readonly notes: readonly string[];
}

export interface DlaLayer {
  readonly layer: string;
  readonly op: string;
  readonly device: 'dla' | 'gpu';
  /** Stable machine-readable reason, for example `dla-kernel-size`. */
  readonly code: string;
  readonly reason: string;
  /** Index among the regions; null on the GPU. */
  readonly region: number | null;
}

export interface DlaRegion {
  /** Every layer of a region has this precision. */
  readonly precision: 'int8' | 'fp16';
  readonly layers: readonly string[];
}

export interface DlaTransition {
  readonly tensor: string;
  readonly from: 'dla' | 'gpu';
  readonly to: 'dla' | 'gpu';
}

/** Programs that a core of DLA holds at the same time. */
export const MAX_DLA_REGIONS = 16;
