// @vitest-environment jsdom
import { cleanup, configure, fireEvent, render, screen, within } from '@testing-library/react';
import { createElement, useState } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PictureBox, PictureLayer, PictureMask } from '../../../../../src-renderer/widgets/picture/layers';
import type { PictureContent } from '../../../../../src-renderer/widgets/picture/picture-pane';
import { PictureViewer, type ViewerSettings } from '../../../../../src-renderer/widgets/picture/picture-viewer';
import { stubLayout } from './layout';

// jsdom applies no style sheet: to ask it for the visibility of each element only takes time.
configure({ defaultHidden: true });
beforeEach(stubLayout);
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const box = (name: string, score: number | null, mark: PictureBox['mark'] = null): PictureBox => ({
  name,
  score,
  mark,
  left: 10,
  top: 10,
  right: 40,
  bottom: 50,
  isIgnored: false,
});

const layer = (id: string, boxes: readonly PictureBox[], mask: PictureMask | null = null): PictureLayer => ({
  id,
  letter: id === 'truth' ? 'T' : id === 'fp32' ? '32' : '8',
  name: id,
  colour: '#ffffff',
  line: 'solid',
  boxes,
  mask,
  answers: [],
});

const content = (layers: readonly PictureLayer[]): PictureContent => ({
  url: null,
  size: { width: 100, height: 100 },
  layers,
  classNames: ['background', 'cat'],
  background: 0,
});

const BOXES = content([
  layer('truth', [box('cat', null, 'missed')]),
  layer('fp32', [box('cat', 0.9), box('dog', 0.2)]),
  layer('int8', [box('dog', 0.4, 'added')]),
]);

const SETTINGS: ViewerSettings = { hidden: [], minScore: 0.3, mask: null, arrangement: 'together', isBright: false };

function show(
  picture: PictureContent | null,
  problem: string | null = null,
): { moves: number[]; closed: () => number } {
  const moves: number[] = [];
  let closes = 0;
  const Page = () => {
    const [settings, onSettings] = useState(SETTINGS);
    return createElement(PictureViewer, {
      index: 1,
      count: 3,
      name: 'a.jpg',
      content: picture,
      problem,
      settings,
      onSettings,
      onMove: (to) => moves.push(to),
      onClose: () => closes++,
    });
  };
  render(createElement(Page));
  return { moves, closed: () => closes };
}

const press = (key: string, init: object = {}): boolean =>
  fireEvent.keyDown(screen.getByRole('group', { name: /a\.jpg/ }), { key, ...init });
const pictureLabel = (): string | null =>
  screen.getAllByRole('img', { name: /a\.jpg/ })[0]?.getAttribute('aria-label') ?? null;

describe('PictureViewer', () => {
  it('walks with arrow keys and stops at the ends', () => {
    const { moves } = show(BOXES);
    for (const key of ['ArrowLeft', 'ArrowRight', 'Home', 'End']) press(key);
    expect(moves).toEqual([0, 2, 0, 2]);
  });

  it('names what is drawn, and hides layers with the digits', () => {
    show(BOXES);
    expect(pictureLabel()).toBe('a.jpg: truth 1 box, fp32 1 box, int8 1 box');
    press('2');
    expect(pictureLabel()).toBe('a.jpg: truth 1 box, int8 1 box');
    expect(screen.getByRole('button', { name: /32/ }).getAttribute('aria-pressed')).toBe('false');
    press('2');
    expect(pictureLabel()).toContain('fp32 1 box');
  });

  it('hides boxes below the chosen score, but no truths', () => {
    show(BOXES);
    fireEvent.change(screen.getByRole('slider'), { target: { value: '0.1' } });
    expect(pictureLabel()).toContain('fp32 2 boxes');
    fireEvent.change(screen.getByRole('slider'), { target: { value: '1' } });
    expect(pictureLabel()).toBe('a.jpg: truth 1 box, fp32 0 boxes, int8 0 boxes');
  });

  it('lists every shown box in a table, with what happened to it', () => {
    show(BOXES);
    press('t');
    const rows = within(screen.getByRole('table')).getAllByRole('row').slice(1);
    expect(rows.map((row) => row.textContent)).toEqual([
      'T truthcat–10.0, 10.030.0 × 40.0found by FP32, now missed',
      '32 fp32cat0.90010.0, 10.030.0 × 40.0',
      '8 int8dog0.40010.0, 10.030.0 × 40.0added, FP32 has no such box',
    ]);
  });

  it('shows one picture per answer side by side, each with the truth', () => {
    show(BOXES);
    press('s');
    expect(screen.getAllByRole('img', { name: /a\.jpg/ }).map((picture) => picture.getAttribute('aria-label'))).toEqual(
      ['a.jpg: truth 1 box, fp32 1 box', 'a.jpg: truth 1 box, int8 1 box'],
    );
  });

  it('keeps the focus, so that keys work after another picture has come', () => {
    show(BOXES);
    screen.getByRole('group', { name: /a\.jpg/ }).focus();
    press('s');
    expect(screen.getAllByRole('group', { name: /a\.jpg/ })).toContain(document.activeElement);
  });

  it('zooms with + and moves with Shift and arrows, without walking', () => {
    const { moves } = show(BOXES);
    press('+');
    press('ArrowRight', { shiftKey: true });
    expect(moves).toEqual([]);
  });

  it('switches masks and shows their difference with its shares', () => {
    const mask = (classes: number[]): PictureMask => ({
      width: 2,
      height: 1,
      classes: Uint8Array.from(classes),
      place: { left: 0, top: 0, right: 100, bottom: 100 },
    });
    show(content([layer('truth', [], mask([1, 0])), layer('fp32', [], mask([1, 0])), layer('int8', [], mask([0, 0]))]));
    expect(screen.getByRole<HTMLInputElement>('radio', { name: '8 int8' }).checked).toBe(true);
    press('1');
    expect(screen.getByRole<HTMLInputElement>('radio', { name: 'T truth' }).checked).toBe(true);
    press('d');
    expect(screen.getByText(/right in FP32, now wrong: 50/)).toBeTruthy();
    press('t');
    expect(within(screen.getByRole('table')).getByRole('row', { name: /cat/ }).textContent).toBe('cat50.0 %50.0 %0 %');
  });

  it('says why there is nothing to see', () => {
    show(null, 'the file is gone');
    expect(screen.getByRole('alert').textContent).toContain('the file is gone');
  });
});
