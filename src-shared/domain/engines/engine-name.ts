/** Ids of recorded runs. */
const RUN_ID = /^(\d{8}T\d{9}Z-[0-9a-f]{6})(?::(.+))?$/;

/**
 * An engine as people and addresses name it: `VARIANT` of the project, or `RUN` or `RUN:VARIANT` of a recorded run. A
 * variant that is left out is the default: of a project the one of variant mixed, of a run the shipped one.
 */
export interface EngineName {
  readonly runId?: string;
  readonly variant?: string;
}

export function parseEngineName(name: string): EngineName {
  const [, runId, variant] = RUN_ID.exec(name) ?? [];
  if (runId === undefined) return name === '' ? {} : { variant: name };
  return { runId, ...(variant === undefined ? {} : { variant }) };
}

export function engineNameText({ runId, variant = '' }: EngineName): string {
  if (runId === undefined) return variant;
  return variant === '' ? runId : `${runId}:${variant}`;
}
