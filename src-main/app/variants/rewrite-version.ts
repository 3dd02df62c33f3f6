/** Part of every engine's key, and of what trials remember: raised when the same plan and thresholds give another model. */
export const REWRITE_VERSION = 5;
