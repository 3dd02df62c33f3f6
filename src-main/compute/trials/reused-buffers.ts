/** Free memory beyond this is given back. */
const MAX_FREE_BYTES = 2 ** 26;

/**
 * Memory for values that are needed during one run of a program only. ONNX Runtime would allocate every output anew,
 * which costs page faults and collections of garbage.
 */
export class ReusedBuffers {
  /** Size in bytes, a power of two -> buffers of this size. */
  private readonly free = new Map<number, ArrayBuffer[]>();
  private readonly taken: ArrayBuffer[] = [];
  private freeBytes = 0;

  /** A buffer of at least this size, whose content is undefined. */
  take(bytes: number): ArrayBuffer {
    const size = 2 ** Math.ceil(Math.log2(Math.max(1, bytes)));
    const known = this.free.get(size)?.pop();
    if (known !== undefined) this.freeBytes -= size;
    const buffer = known ?? new ArrayBuffer(size);
    this.taken.push(buffer);
    return buffer;
  }

  /** The end of a run: nothing refers to the buffers that were taken. */
  release(): void {
    for (const buffer of this.taken.splice(0)) {
      const { byteLength } = buffer;
      if (this.freeBytes + byteLength > MAX_FREE_BYTES) continue;
      this.freeBytes += byteLength;
      const list = this.free.get(byteLength);
      if (list) list.push(buffer);
      else this.free.set(byteLength, [buffer]);
    }
  }
}
