import type { Seq } from './asset-event.ts';
import { type Batch, type Delivery, packBatch, type PackedBatch, toBatches } from './batch.ts';

/** Largest signal, as JSON. */
export const maxMessageBytes = 256 * 1_024;

/** A stretch of the log as one consumer is told of it. */
export interface Message {
  readonly after: Seq;
  readonly upTo: Seq;
  readonly batches: readonly PackedBatch[];
  /** Whether the last batch goes on in the next message. */
  readonly more: boolean;
}

interface Piece {
  readonly batch: PackedBatch;
  readonly bytes: number;
  readonly more: boolean;
}

/**
 * Cuts a stretch into messages of whole batches. A batch that is larger than a message goes alone, in parts whose cuts depend on
 * nothing but that batch, so that whoever sends it again sends the same parts.
 */
export function toMessages(
  deliveries: readonly Delivery[],
  { after, upTo }: { readonly after: Seq; readonly upTo: Seq },
  maxBytes: number = maxMessageBytes,
): readonly Message[] {
  const groups: Piece[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const piece of toBatches(deliveries).flatMap((batch) => piecesOf(batch, deliveries, maxBytes))) {
    if (bytes + piece.bytes > maxBytes) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(piece);
    // Behind a part nothing follows in the same message.
    bytes = piece.more ? Number.POSITIVE_INFINITY : bytes + piece.bytes;
  }
  let from = after;
  return groups.map((pieces, index) => {
    const last = pieces.at(-1);
    const isLast = index === groups.length - 1;
    const message: Message = {
      after: from,
      upTo: isLast || last === undefined ? upTo : last.batch[0],
      batches: pieces.map(({ batch }) => batch),
      more: last?.more ?? false,
    };
    from = message.upTo;
    return message;
  });
}

function piecesOf(batch: Batch, deliveries: readonly Delivery[], maxBytes: number): readonly Piece[] {
  const whole = packBatch(batch);
  const bytes = sizeOf(whole);
  if (bytes <= maxBytes) return [{ batch: whole, bytes, more: false }];

  const firstSeq = Math.min(...batch.entries.map((entry) => entry.firstSeq));
  const events = deliveries.filter(({ seq }) => seq >= firstSeq && seq <= batch.lastSeq);
  const parts = Math.ceil(bytes / maxBytes) * 2;
  const size = Math.ceil(events.length / parts);
  return Array.from({ length: Math.ceil(events.length / size) }, (_, index) => {
    const [part] = toBatches(events.slice(index * size, (index + 1) * size));
    const packed = packBatch(part ?? batch);
    return { batch: packed, bytes: maxBytes, more: (index + 1) * size < events.length };
  });
}

function sizeOf(batch: PackedBatch): number {
  return JSON.stringify(batch).length;
}
