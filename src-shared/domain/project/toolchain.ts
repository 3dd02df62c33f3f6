import { type InferOutput, object, oneOf, optional, string } from '../../base/schema';

export const TOOLCHAIN_VERSION = 1;

/** A part that a lock does not name may have any version. */
const toolchainSchema = object({
  calib: optional(string),
  onnxruntime: optional(string),
  cpu: optional(string),
  gpu: optional(string),
  driver: optional(string),
  tensorrt: optional(string),
});
/** Hardware and software that the results of a run depend on. */
export type Toolchain = InferOutput<typeof toolchainSchema>;

/** What a run with another toolchain does: end with an error, or say so in its warnings. */
export const TOOLCHAIN_POLICIES = ['refuse', 'note'] as const;
export type ToolchainPolicy = (typeof TOOLCHAIN_POLICIES)[number];

export const toolchainLockSchema = object({
  version: oneOf(TOOLCHAIN_VERSION),
  policy: oneOf(...TOOLCHAIN_POLICIES),
  toolchain: toolchainSchema,
});
/** `toolchain.json` in the folder of a project: what its runs are made with. */
export type ToolchainLock = InferOutput<typeof toolchainLockSchema>;

const NAMES: Readonly<Record<keyof Toolchain, string>> = {
  calib: 'Calibration Workbench',
  onnxruntime: 'ONNX Runtime',
  cpu: 'processor',
  gpu: 'GPU',
  driver: 'driver of the GPU',
  tensorrt: 'TensorRT',
};
/** Parts that matter only where engines run on a GPU. */
const GPU_PARTS: readonly (keyof Toolchain)[] = ['gpu', 'driver', 'tensorrt'];

/** The parts that differ from the lock, one sentence each without a full stop. */
export function toolchainDifferences(locked: Toolchain, present: Toolchain, isOnGpu: boolean): readonly string[] {
  return (Object.keys(NAMES) as (keyof Toolchain)[]).flatMap((part) => {
    const wanted = locked[part];
    if (wanted === undefined || present[part] === wanted || (!isOnGpu && GPU_PARTS.includes(part))) return [];
    return [`${NAMES[part]} is ${present[part] ?? 'missing'}, locked is ${wanted}`];
  });
}
