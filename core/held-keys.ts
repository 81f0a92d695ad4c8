import type { Gate } from './gate.ts';
import type { Slot } from './slot.ts';

/** Of which keys no run may open, and which run that goes on is the cause. */
export interface HeldKeys {
  /** Of all. */
  readonly all?: Slot;
  /** Of these partition keys. */
  readonly keys?: Readonly<Record<string, Slot>>;
}

/** The run whose end a run of this partition key waits for. */
export function heldBy({ held }: Pick<Gate, 'held'>, key: string | null): Slot | null {
  if (held === undefined) return null;
  const { all, keys } = held;
  if (all !== undefined) return all;
  return key !== null && keys !== undefined && Object.hasOwn(keys, key) ? (keys[key] ?? null) : null;
}

/** The gate as it is when no run goes on. */
export function withoutHeld(gate: Gate): Gate {
  if (gate.held === undefined) return gate;
  const { held: _, ...rest } = gate;
  return rest;
}
