/** Lengths of the frames of two seconds, sorted out. */
export interface FrameTimes {
  readonly frames: number;
  readonly p95: number;
  readonly worst: number;
}

const DURATION_MS = 2000;

/** Two seconds of frames with `move` in each. */
async function framesOf(move: () => void): Promise<FrameTimes> {
  const lengths: number[] = [];
  let last = performance.now();
  const end = last + DURATION_MS;
  while (performance.now() < end) {
    move();
    const now = await new Promise<number>((resolve) => requestAnimationFrame(() => resolve(performance.now())));
    lengths.push(now - last);
    last = now;
  }
  const sorted = lengths.toSorted((a, b) => a - b);
  return { frames: sorted.length, p95: sorted[Math.floor(sorted.length * 0.95)] ?? NaN, worst: sorted.at(-1) ?? NaN };
}

/** What the machine itself allows. */
export function waitFrames(): Promise<FrameTimes> {
  return framesOf(() => undefined);
}

/** Scrolls the table by 400 pixels (14 rows) every frame, down and up again. */
export function scrollTable(): Promise<FrameTimes> {
  const scroller = document.querySelector('[role=grid]');
  if (scroller === null) throw new Error('no table');
  let direction = 1;
  return framesOf(() => {
    const atEnd = scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 1;
    if (atEnd || (direction < 0 && scroller.scrollTop === 0)) direction = atEnd ? -1 : 1;
    scroller.scrollTop += direction * 400;
  });
}

/** Turns the wheel over the graph by 120 pixels every frame. */
export function panGraph(): Promise<FrameTimes> {
  const pane = document.querySelector('.react-flow__pane');
  if (pane === null) throw new Error('no graph');
  const { x, y } = pane.getBoundingClientRect();
  return framesOf(() =>
    pane.dispatchEvent(
      new WheelEvent('wheel', { deltaY: 120, bubbles: true, cancelable: true, clientX: x + 100, clientY: y + 100 }),
    ),
  );
}
