import type { ScaleGroup } from './placement';

interface MutableGroup {
  readonly tensors: Set<string>;
  readonly sources: Set<string>;
}

/** Groups of tensors that share one scale; sharing is transitive. */
export class ScaleSharing {
  private readonly byTensor = new Map<string, MutableGroup>();

  /** `copies` get the scale of `source`, or of the group that `source` belongs to. */
  copy(source: string, copies: readonly string[]): void {
    const group = this.groupOf(source);
    for (const copy of copies) this.join(group, copy);
  }

  /** `whole` and all `parts` get one scale, which follows from the threshold of `whole`. */
  pool(whole: string, parts: readonly string[]): void {
    const group = this.groupOf(whole);
    for (const part of parts) this.join(group, part);
  }

  groups(): ScaleGroup[] {
    return [...new Set(this.byTensor.values())]
      .filter((group) => group.tensors.size > 1)
      .map((group) => ({ tensors: [...group.tensors].sort(), sources: [...group.sources].sort() }));
  }

  private groupOf(tensor: string): MutableGroup {
    const known = this.byTensor.get(tensor);
    if (known) return known;
    const group: MutableGroup = { tensors: new Set([tensor]), sources: new Set([tensor]) };
    this.byTensor.set(tensor, group);
    return group;
  }

  /** A tensor that was not in a group is no longer a source; a tensor that leads a group contributes its sources. */
  private join(group: MutableGroup, tensor: string): void {
    const other = this.byTensor.get(tensor);
    if (other === group) return;
    this.byTensor.set(tensor, group);
    group.tensors.add(tensor);
    if (!other) return;
    for (const member of other.tensors) {
      group.tensors.add(member);
      this.byTensor.set(member, group);
    }
    for (const source of other.sources) if (source !== tensor) group.sources.add(source);
  }
}
