import type { Picture } from '../../../src-shared/contract/views';

/** To be revoked by the caller. */
export function pictureUrl(picture: Picture): string {
  // A copy with a buffer of its own: what came over a link may be a view of something larger.
  return URL.createObjectURL(new Blob([new Uint8Array(picture.bytes)], { type: 'image/png' }));
}
