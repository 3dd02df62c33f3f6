import type { TaskContext } from '../../../src-shared/contract/progress';
import type { ResponseMessage } from '../../../src-shared/contract/request-channel';
import type { AnalysisMethods } from './analysis-protocol';
import type { CalibrationMethods } from './calibration-protocol';
import type { VariantMethods } from './variant-protocol';

export type * from './analysis-protocol';
export type * from './calibration-protocol';
export type * from './variant-protocol';

/**
 * The methods of the compute process: method -> types of its parameters and its result. Every method may report
 * progress and can be cancelled. Models, images and weights travel as paths; results are plain data and typed arrays.
 */
export interface ComputeMethods extends CalibrationMethods, VariantMethods, AnalysisMethods {
  /** Work will be asked for that needs threads of this role: starts them. */
  readonly expect: { readonly params: ExpectParams; readonly result: null };
}
export type ComputeMethod = keyof ComputeMethods;

export interface ExpectParams {
  readonly role: 'trials' | 'collect';
  readonly threads: number;
}

/** The app's access to the compute process. Tests replace it by a script. */
export interface Compute {
  request<M extends ComputeMethod>(
    method: M,
    params: ComputeMethods[M]['params'],
    context: TaskContext,
  ): Promise<ComputeMethods[M]['result']>;
  dispose(): void;
}

/** What the compute process sends. */
export type HostMessage =
  | { readonly type: 'ready' }
  | Exclude<ResponseMessage, { type: 'error' }>
  | (Extract<ResponseMessage, { type: 'error' }> & {
      /** The process cannot be trusted with further requests: a GPU failed, or a worker does not respond. */
      readonly mustRestartProcess: boolean;
    });
