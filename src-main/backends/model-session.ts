export interface OutputTensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** null when the output is not floating point. */
  readonly data: Float32Array | null;
}

/** A model that is open on some backend, with one float32 input: what another vendor's runtime has to be. */
export interface ModelSession {
  /**
   * Runs one batch.
   * @param values of the input, row by row; shape `dims`.
   */
  run(values: Float32Array, dims: readonly number[]): Promise<OutputTensor[]>;
  close(): Promise<void>;
}
