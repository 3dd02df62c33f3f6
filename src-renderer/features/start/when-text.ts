const STEPS = [
  { unit: 'minute', seconds: 60 },
  { unit: 'hour', seconds: 3_600 },
  { unit: 'day', seconds: 86_400 },
] as const;

/** `5 minutes ago`, `yesterday`; from a week on the date. */
export function whenText(iso: string, nowMs: number, language: 'en' | 'zh'): string {
  const locale = language === 'zh' ? 'zh-CN' : 'en-GB';
  const time = Date.parse(iso);
  if (Number.isNaN(time)) return '';
  const seconds = Math.max(0, (nowMs - time) / 1000);
  if (seconds >= 7 * 86_400)
    return new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'short', day: 'numeric' }).format(time);
  const step = STEPS.findLast((candidate) => seconds >= candidate.seconds) ?? STEPS[0];
  return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(
    -Math.floor(seconds / step.seconds),
    step.unit,
  );
}
