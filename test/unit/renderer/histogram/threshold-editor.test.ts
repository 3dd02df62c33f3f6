import { beforeEach, describe, expect, it } from 'vitest';
import {
  actionOfKey,
  createLiveThreshold,
  createThresholdEditor,
  type LiveThreshold,
  type ThresholdEditor,
} from '../../../../src-renderer/features/histogram/threshold-editor';

const BIN = 0.01;
let frames: (() => void)[] = [];
let live: LiveThreshold;
let editor: ThresholdEditor;
let sent: number[] = [];

function nextFrame(): void {
  for (const callback of frames.splice(0)) callback();
}

beforeEach(() => {
  frames = [];
  sent = [];
  live = createLiveThreshold(2, (callback) => frames.push(callback));
  editor = createThresholdEditor(live, { minReal: 0.02, maxReal: 4, binWidthReal: BIN }, (thresholdReal) =>
    sent.push(thresholdReal),
  );
});

it('takes hold of a threshold beyond the chart at the edge, where its handle is', () => {
  live.set(1e9);
  editor.grab(4);
  editor.drag(3);
  expect(live.current()).toBe(3);
  editor.drop();
  expect(sent).toEqual([3]);
});

describe('LiveThreshold', () => {
  it('tells listeners the present value at once and the last one of many once a frame', () => {
    const heard: number[] = [];
    live.subscribe((value) => heard.push(value));
    live.set(2.5);
    live.set(2.75);
    live.set(3);
    expect(heard).toEqual([2]);
    expect(frames).toHaveLength(1);
    nextFrame();
    expect(heard).toEqual([2, 3]);
    expect(live.current()).toBe(3);
  });

  it('asks for no frame when nothing changes, and tells nobody who left', () => {
    const heard: number[] = [];
    live.subscribe((value) => heard.push(value))();
    live.set(2);
    expect(frames).toHaveLength(0);
    live.set(3);
    nextFrame();
    expect(heard).toEqual([2]);
  });
});

describe('dragging', () => {
  it('keeps the handle under the point where it was taken', () => {
    editor.grab(2.05);
    expect(live.current()).toBe(2);
    editor.drag(3.05);
    expect(live.current()).toBeCloseTo(3, 12);
  });

  it('sends one threshold on drop, and none when nothing moved', () => {
    editor.grab(2);
    editor.drag(2.5);
    editor.drag(3.25);
    expect(sent).toEqual([]);
    editor.drop();
    expect(sent).toEqual([3.25]);
    editor.grab(3.25);
    editor.drop();
    expect(sent).toEqual([3.25]);
  });

  it('stays within what can be set', () => {
    editor.grab(2);
    editor.drag(-5);
    expect(live.current()).toBe(0.02);
    editor.drag(99);
    expect(live.current()).toBe(4);
  });

  it('ignores moves of a pointer that holds nothing', () => {
    editor.drag(3);
    expect(live.current()).toBe(2);
  });

  it('goes back to where it began on cancel, and sends nothing', () => {
    editor.grab(2);
    editor.drag(3);
    expect(editor.cancel()).toBe(true);
    expect(live.current()).toBe(2);
    editor.drop();
    expect(sent).toEqual([]);
    expect(editor.cancel()).toBe(false);
  });
});

describe('keys', () => {
  it('nudge by bins and are sent together', () => {
    editor.nudge(1);
    editor.nudge(10);
    editor.nudge(-1);
    expect(live.current()).toBeCloseTo(2 + 10 * BIN, 12);
    expect(sent).toEqual([]);
    editor.settle();
    expect(sent).toHaveLength(1);
    expect(editor.isMoving()).toBe(false);
  });

  it('take back all nudges since the last settle', () => {
    editor.nudge(10);
    editor.settle();
    editor.nudge(3);
    editor.nudge(3);
    editor.cancel();
    expect(live.current()).toBeCloseTo(2.1, 12);
  });

  it('send what nudges changed before the pointer takes hold', () => {
    editor.nudge(10);
    editor.grab(2.1);
    expect(sent[0]).toBeCloseTo(2.1, 12);
  });

  it('jump to the ends', () => {
    editor.jump('max');
    expect(live.current()).toBe(4);
  });

  it.each([
    ['ArrowRight', false, { kind: 'nudge', bins: 1 }],
    ['ArrowLeft', true, { kind: 'nudge', bins: -10 }],
    ['PageUp', true, { kind: 'nudge', bins: 100 }],
    ['Home', false, { kind: 'jump', to: 'min' }],
    ['Escape', false, { kind: 'cancel' }],
    ['Enter', false, { kind: 'settle' }],
    ['a', false, null],
  ])('%s (shift %s)', (key, isShift, action) => {
    expect(actionOfKey(key, isShift)).toEqual(action);
  });
});
