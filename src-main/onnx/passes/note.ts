/** Something that a pass did or left, for the user to read. */
export interface PrepareNote {
  /** Stable machine-readable reason, for example `batchnorm-kept`. */
  readonly code: string;
  readonly message: string;
  /** The layer it is about: a node name of the prepared model where the node stays, else of the original. */
  readonly layer?: string;
}

/** What a pass returns: a new graph, and what there is to say about it. */
export type Notes = PrepareNote[];
