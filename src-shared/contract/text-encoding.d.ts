// What the envelope needs of the Encoding API, which every host has (DOM and Node). Not emitted: the hosts' own
// declarations are the ones in force there.
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { readonly fatal?: boolean });
  decode(bytes: Uint8Array): string;
}
