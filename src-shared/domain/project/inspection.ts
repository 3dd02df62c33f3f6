import type { DlaMap } from '../engines/dla-map';
import type { LayerWeightsView } from '../analysis/layer-weights';
import type { TaskGuess } from '../tasks/task';

/** The result of `inspect` for a model. */
export interface ModelInspection {
  readonly model: {
    readonly path: string;
    readonly opset: number;
    readonly ir: number;
    readonly producer: string;
    readonly inputs: readonly TensorDescription[];
    readonly outputs: readonly TensorDescription[];
    /** Number of nodes. */
    readonly layers: number;
    /** Number of Conv, ConvTranspose, Gemm and MatMul with float inputs. */
    readonly quantizable: number;
    /** Number of values in the floating-point weights and constants of the graph. */
    readonly parameters: number;
    /**
     * Multiply-accumulate operations of convolutions and matrix products, for a batch of one or the batch that the
     * model fixes; omitted if the size of one of them cannot be derived from the inputs.
     */
    readonly macs?: number;
    /**
     * Layers whose weights are 2:4 sparse, among `candidates`, the number of layers that sparse kernels could compute;
     * omitted without candidates.
     */
    readonly sparsity?: { readonly candidates: number; readonly layers: readonly string[] };
    /** Op type -> count. */
    readonly ops: Readonly<Record<string, number>>;
  };
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  /** In graph order, on request only. */
  readonly weights?: readonly LayerWeightsView[];
  /** Where a DLA would run the model, on request only. */
  readonly dla?: DlaMap;
  /** The task that the shapes of the outputs suggest; a project looks at their values, too. */
  readonly task?: TaskGuess;
}

export interface TensorDescription {
  readonly name: string;
  /** `float32`, `int64`, ... */
  readonly dtype: string;
  /** A number, a symbolic name, or `?` per axis; null if the rank is unknown. */
  readonly shape: readonly (number | string)[] | null;
}
