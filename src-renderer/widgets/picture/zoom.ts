/** The position of a picture in a frame: pixel (x, y) of the picture lies at (x * scale + left, y * scale + top). */
export interface PictureView {
  readonly scale: number;
  readonly left: number;
  readonly top: number;
}

/** A picture and the frame through which it is seen. */
export interface Area {
  readonly picture: Size;
  readonly frame: Size;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The largest magnification: one pixel of the picture in CSS pixels. */
const MAX_SCALE = 32;
/** Factor of one press of a zoom key. */
export const ZOOM_STEP = 1.4;
/** CSS pixels that one press of an arrow key moves the picture. */
export const PAN_STEP_PX = 60;

/** The whole picture as large as possible, in the middle of the frame. */
export function fitted({ picture, frame }: Area): PictureView {
  if (picture.width <= 0 || picture.height <= 0) return { scale: 1, left: 0, top: 0 };
  const scale = Math.max(0, Math.min(frame.width / picture.width, frame.height / picture.height));
  return {
    scale,
    left: (frame.width - picture.width * scale) / 2,
    top: (frame.height - picture.height * scale) / 2,
  };
}

/** Magnifies by `factor` around the point of the frame, which keeps its place. Never smaller than fitted. */
export function zoomed(
  view: PictureView,
  factor: number,
  at: { readonly x: number; readonly y: number },
  area: Area,
): PictureView {
  const smallest = fitted(area).scale;
  const scale = Math.min(Math.max(MAX_SCALE, smallest), Math.max(smallest, view.scale * factor));
  const ratio = view.scale === 0 ? 1 : scale / view.scale;
  return within({ scale, left: at.x - (at.x - view.left) * ratio, top: at.y - (at.y - view.top) * ratio }, area);
}

export function panned(view: PictureView, dx: number, dy: number, area: Area): PictureView {
  return within({ ...view, left: view.left + dx, top: view.top + dy }, area);
}

/** Keeps the frame full: a picture larger than the frame has no gap at its edges, a smaller one is centred. */
function within(view: PictureView, { picture, frame }: Area): PictureView {
  const place = (position: number, length: number, room: number): number =>
    length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, position));
  return {
    scale: view.scale,
    left: place(view.left, picture.width * view.scale, frame.width),
    top: place(view.top, picture.height * view.scale, frame.height),
  };
}

/** The point of the picture under a point of the frame. */
export function picturePoint(view: PictureView, x: number, y: number): { readonly x: number; readonly y: number } {
  return { x: (x - view.left) / view.scale, y: (y - view.top) / view.scale };
}
