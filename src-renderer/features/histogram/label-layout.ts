/** Labels above the plot: each as close to its line as room allows, none over another. */

export interface LabelBox {
  readonly key: string;
  /** Where its line is. */
  readonly linePx: number;
  readonly widthPx: number;
}

export interface PlacedLabel {
  readonly key: string;
  readonly leftPx: number;
  /** 0 is the row nearest to the plot. */
  readonly row: number;
}

export interface LabelRoom {
  readonly leftPx: number;
  readonly rightPx: number;
  readonly rows: number;
  readonly gapPx: number;
}

interface Cluster {
  readonly boxes: readonly LabelBox[];
  readonly leftPx: number;
  readonly widthPx: number;
}

/**
 * Labels that fit side by side go in one row, pushed apart around their common centre; when the row is too short for all
 * of them, every second one goes to the next row. Order along the row is the order of the lines.
 */
export function placeLabels(boxes: readonly LabelBox[], room: LabelRoom): readonly PlacedLabel[] {
  const sorted = [...boxes].sort((a, b) => a.linePx - b.linePx || (a.key < b.key ? -1 : 1));
  const rows = rowsNeeded(sorted, room);
  return Array.from({ length: rows }, (_, row) =>
    placeRow(
      sorted.filter((_box, i) => i % rows === row),
      room,
      row,
    ),
  ).flat();
}

/** More rows only when labels would be pushed away from their lines, or would not fit at all. */
function rowsNeeded(sorted: readonly LabelBox[], room: LabelRoom): number {
  for (let rows = 1; rows < room.rows; rows += 1) {
    const isClear = Array.from({ length: rows }, (_, row) => sorted.filter((_box, i) => i % rows === row)).every(
      (part) => staysNear(part, room),
    );
    if (isClear) return rows;
  }
  return Math.max(1, room.rows);
}

function staysNear(boxes: readonly LabelBox[], room: LabelRoom): boolean {
  const placed = placeRow(boxes, room, 0);
  return placed.every((label, i) => {
    const box = boxes[i];
    return box !== undefined && label.leftPx <= box.linePx + 1 && label.leftPx + box.widthPx >= box.linePx - 1;
  });
}

function placeRow(boxes: readonly LabelBox[], room: LabelRoom, row: number): PlacedLabel[] {
  let clusters: Cluster[] = [];
  for (const box of boxes) {
    clusters = absorb([...clusters, clusterOf([box], room)], room);
  }
  return clusters.flatMap((cluster) => {
    let leftPx = cluster.leftPx;
    return cluster.boxes.map((box) => {
      const placed = { key: box.key, leftPx, row };
      leftPx += box.widthPx + room.gapPx;
      return placed;
    });
  });
}

/** Boxes side by side, centred on the mean of where each of them wants to be, inside the room. */
function clusterOf(boxes: readonly LabelBox[], room: LabelRoom): Cluster {
  let offset = 0;
  let wanted = 0;
  for (const box of boxes) {
    wanted += box.linePx - box.widthPx / 2 - offset;
    offset += box.widthPx + room.gapPx;
  }
  const widthPx = offset - room.gapPx;
  const leftPx = Math.max(room.leftPx, Math.min(wanted / boxes.length, room.rightPx - widthPx));
  return { boxes, leftPx, widthPx };
}

/** Joins the last cluster with those before it as long as they overlap. */
function absorb(clusters: readonly Cluster[], room: LabelRoom): Cluster[] {
  const rest = [...clusters];
  let last = rest.pop();
  while (last !== undefined) {
    const before = rest.at(-1);
    if (before === undefined || before.leftPx + before.widthPx + room.gapPx <= last.leftPx) break;
    rest.pop();
    last = clusterOf([...before.boxes, ...last.boxes], room);
  }
  return last === undefined ? rest : [...rest, last];
}
