/** Types of build.mjs, for tests. */
export type Headers =
  | { readonly tensorrt: string; readonly cuda: string; readonly missing?: never }
  | { readonly missing: string; readonly isAsked: boolean };
export const TENSORRT_MAJORS: readonly number[];
export function tensorrtAddonPath(major: number): string;
export function findHeaders(major: number, env?: NodeJS.ProcessEnv): Headers;
