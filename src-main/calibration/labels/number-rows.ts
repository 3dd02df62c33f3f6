/** Rows of a fixed number of doubles that grow as they are added: 8 bytes a number instead of an object a row. */
export class NumberRows {
  private data: Float64Array;
  private used = 0;

  constructor(private readonly width: number) {
    this.data = new Float64Array(width * 1024);
  }

  get count(): number {
    return this.used / this.width;
  }

  add(values: readonly number[]): void {
    if (this.used + this.width > this.data.length) {
      const larger = new Float64Array(2 * this.data.length);
      larger.set(this.data);
      this.data = larger;
    }
    this.data.set(values, this.used);
    this.used += this.width;
  }

  at(row: number, column: number): number {
    return this.data[row * this.width + column] ?? Number.NaN;
  }
}
