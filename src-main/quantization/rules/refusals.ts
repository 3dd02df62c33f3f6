/** Why a rule keeps a layer out of INT8. */
export interface Refusal {
  readonly code: string;
  readonly reason: string;
}

/** Reason codes that are only about speed; a plan that asks for INT8 explicitly overrules them. */
const SPEED_CODES: ReadonlySet<string> = new Set([
  'few-channels',
  'depthwise-channels',
  'depthwise-kernel',
  'small-matrix',
  'single-row',
  'patch-embedding',
  'isolated',
  'beside-gelu',
  'before-attention',
  'unfused-silu',
  'measured-slower',
]);

export function isAboutSpeed({ code }: Refusal): boolean {
  return SPEED_CODES.has(code);
}
