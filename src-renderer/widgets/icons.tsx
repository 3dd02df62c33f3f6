/** Drawn on a 16 by 16 grid with 1.5 px strokes, in the colour of the text. */
const PATHS = {
  undo: 'M6 3 2.5 6.5 6 10M3 6.5h6.5a4 4 0 0 1 0 8H7',
  redo: 'M10 3l3.5 3.5L10 10M13 6.5H6.5a4 4 0 0 0 0 8H9',
  close: 'M4 4l8 8M12 4l-8 8',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.8 10.8 14 14',
  help: 'M6 6a2 2 0 1 1 2.8 1.8c-.5.3-.8.7-.8 1.4M8 11.8v.2M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13z',
  settings:
    'M2 4.5h7M13 4.5h1M2 11.5h1M7 11.5h7M11 6.2a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4zM5 13.2a1.7 1.7 0 1 0 0-3.4 ' +
    '1.7 1.7 0 0 0 0 3.4z',
  sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1',
  moon: 'M13.5 9.8A6 6 0 0 1 6.2 2.5a6 6 0 1 0 7.3 7.3z',
  play: 'M4.5 2.5v11l9-5.5z',
  stop: 'M4 4h8v8H4z',
  folder: 'M1.5 12.5v-9h4.7l1.5 2h6.8v7z',
  file: 'M3.5 1.5h6l3 3v10h-9zM9.5 1.5v3h3',
  'chevron-right': 'M6 3l5 5-5 5',
  'chevron-left': 'M10 3 5 8l5 5',
  'chevron-down': 'M3 6l5 5 5-5',
  'chevron-up': 'M3 10l5-5 5 5',
  check: 'M2.5 8.5 6.5 12.5 13.5 4',
  cross: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  warning: 'M8 2 1.2 13.8h13.6zM8 6.5v3.2M8 11.6v.3',
  info: 'M8 7.2v4M8 4.7v.3M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13z',
  copy: 'M5.5 5.5h8v9h-8zM3.5 10.5h-1v-9h8v2',
  download: 'M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11',
  refresh: 'M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 1.5v3.3h-3.3',
  filter: 'M2 3h12l-4.7 5.5v5L6.7 12V8.5z',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  link: 'M6.5 9.5a3 3 0 0 0 4.2 0l2.5-2.5a3 3 0 0 0-4.2-4.2L8 3.8M9.5 6.5a3 3 0 0 0-4.2 0L2.8 9a3 3 0 0 0 4.2 4.2l1-1',
  image: 'M1.5 2.5h13v11h-13zM4.8 6.8a1 1 0 1 0 0-2 1 1 0 0 0 0 2zM2 12l4-4 2.5 2.5L11 8l3.5 3.5',
  layers: 'M8 2 1.5 5.5 8 9l6.5-3.5zM1.5 10.5 8 14l6.5-3.5',
  panel: 'M1.5 2.5h13v11h-13zM10 2.5v11',
  language: 'M1.5 3.5h8M5.5 1.5v2M8 3.5C7.3 6.5 5 9 2 10.3M3.5 5.5C4.3 7.5 6 9 8 9.8M8 14.5l3.2-8 3.2 8M9.2 11.8h4.1',
} as const;
export type IconName = keyof typeof PATHS;

interface IconProps {
  readonly name: IconName;
  /** Side in CSS pixels. */
  readonly size?: number;
  /** The accessible name of an icon without text; an icon without a label is hidden from assistive technology. */
  readonly label?: string;
}

export function Icon({ name, size = 16, label }: IconProps) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
      style={{ flex: 'none' }}
      {...(label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
