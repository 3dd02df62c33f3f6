// The part of the Encoding API that the envelope needs and that every host (DOM and Node) provides. Declaration files
// are not emitted, so that the hosts use their own declarations.
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { readonly fatal?: boolean });
  decode(bytes: Uint8Array): string;
}
