import type { Seq } from './asset-event.ts';
import { type Batch, type Delivery, packBatch, type PackedBatch, toBatches } from './batch.ts';

/** Largest batches of one signal together, as JSON; what is around them is a few hundred bytes. */
export const maxMessageBytes = 256 * 1_024;

/** A stretch of the log as one consumer is told of it. */
export interface Message {
  readonly after: Seq;
  readonly upTo: Seq;
  readonly batches: readonly PackedBatch[];
  /** Whether the last batch goes on in the next message. */
  readonly more: boolean;
}

/** What opens the list of batches. */
const bracketBytes = 1;

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
      bytes = bracketBytes;
    }
    groups.at(-1)?.push(piece);
    bytes += piece.bytes;
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
  if (bracketBytes + bytes <= maxBytes) return [{ batch: whole, bytes, more: false }];

  const firstSeq = Math.min(...batch.entries.map((entry) => entry.firstSeq));
  const events = deliveries.filter(({ seq }) => seq >= firstSeq && seq <= batch.lastSeq);
  const parts = halve(events, maxBytes);
  // As large as a message, so that nothing else is in it.
  return parts.map((part, index) => ({ batch: part, bytes: maxBytes, more: index < parts.length - 1 }));
}

/** Events of one batch, halved until each part fits; one event is never cut, however many leaves it meets. */
function halve(events: readonly Delivery[], maxBytes: number): readonly PackedBatch[] {
  const packed = toBatches(events).map(packBatch);
  const middleSeq = events[Math.floor(events.length / 2)]?.seq;
  const first = events.findIndex(({ seq }) => seq === middleSeq);
  const middle = first > 0 ? first : events.findIndex(({ seq }) => seq !== middleSeq);
  if (middle <= 0 || packed.every((part) => bracketBytes + sizeOf(part) <= maxBytes)) return packed;
  return [...halve(events.slice(0, middle), maxBytes), ...halve(events.slice(middle), maxBytes)];
}

/** What a batch adds to a message: itself, and the comma or bracket behind it. */
function sizeOf(batch: PackedBatch): number {
  return JSON.stringify(batch).length + 1;
}
