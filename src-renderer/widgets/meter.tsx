import './states.css';

interface MeterProps {
  readonly label: string;
  readonly value: number;
  /** 0 while unknown: the bar is empty then, and the number beside it tells. */
  readonly total: number;
  /** What is said for `value` of `total`: `212 of 400 images`. */
  readonly text?: string;
  readonly color?: string;
}

/** A progress bar. It never moves by itself: no number, no movement. */
export function Meter({ label, value, total, text, color }: MeterProps) {
  const share = total > 0 ? Math.min(1, Math.max(0, value / total)) : 0;
  return (
    <div
      className="meter"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={total > 0 ? total : 1}
      aria-valuenow={total > 0 ? Math.min(value, total) : 0}
      {...(text === undefined ? {} : { 'aria-valuetext': text })}
    >
      <div
        className="meter-fill"
        style={{ transform: `scaleX(${share})`, ...(color === undefined ? {} : { background: color }) }}
      />
    </div>
  );
}
