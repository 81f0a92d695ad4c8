import { setTimeout as delay } from 'node:timers/promises';
import type { Seq } from '../core/asset-event.ts';
import type { DagId } from '../core/ids.ts';
import { toMessages } from '../core/message.ts';
import type { Db } from '../store/database.ts';
import {
  findSubscribers,
  type LookedThrough,
  markSent,
  readUndelivered,
  type Undelivered,
} from '../store/deliveries.ts';
import { type AssetEvents, assetEventsSignal } from '../workflows/messages.ts';
import { signalConsumer } from './consumer-workflow.ts';
import type { Log, Temporal } from './deps.ts';

interface DispatcherOptions {
  readonly db: Db;
  readonly temporal: Temporal;
  readonly log: Log;
}

/** Shortest time between two sends to one consumer; the first one after a quiet moment never waits. */
const betweenSendsMs = 20;
const firstPauseMs = 100;
const longestPauseMs = 10_000;

/**
 * Sends consumers what the log has for them. One send is under way per consumer and process: at rest nothing waits, under load
 * messages grow. Sending is at-least-once; consumers count exactly once.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #due = new Set<DagId>();
  readonly #serving = new Map<DagId, Promise<void>>();
  readonly #updated = new Set<number>();
  #lookingUp: Promise<void> | undefined;
  readonly #stopping = new AbortController();

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Says that there may be something new for these consumers; returns at once. */
  notify(dagIds: readonly DagId[]): void {
    if (this.#stopping.signal.aborted) return;
    for (const dagId of dagIds) {
      this.#due.add(dagId);
      if (!this.#serving.has(dagId)) this.#serving.set(dagId, this.#serve(dagId));
    }
  }

  /** Says that these assets have new events; under load many of them share one look-up of their consumers. */
  notifyAssets(assetIds: readonly number[]): void {
    if (this.#stopping.signal.aborted) return;
    for (const assetId of assetIds) this.#updated.add(assetId);
    this.#lookingUp ??= this.#lookUp().finally(() => {
      this.#lookingUp = undefined;
    });
  }

  /** Resolves when nothing is being sent. */
  async idle(): Promise<void> {
    while (this.#lookingUp !== undefined || this.#serving.size > 0) {
      await this.#lookingUp;
      await Promise.all(this.#serving.values());
    }
  }

  /** Ends what is under way; what was not sent is sent by another process or at the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.idle();
  }

  async #lookUp(): Promise<void> {
    const { db, log } = this.#options;
    while (this.#updated.size > 0) {
      const assetIds = [...this.#updated];
      this.#updated.clear();
      try {
        this.notify(await findSubscribers(db, assetIds));
      } catch (error) {
        // What is recorded stays recorded: the sweep finds what could not be told.
        log.warn('subscribers not found, a sweep will tell them', { error: String(error) });
      }
    }
  }

  async #serve(dagId: DagId): Promise<void> {
    const { log } = this.#options;
    let pauseMs = firstPauseMs;
    while (this.#due.delete(dagId)) {
      try {
        await this.#sendAll(dagId);
        pauseMs = firstPauseMs;
        // Events that come meanwhile share the next signal: a hundred cost a workflow about what one does.
        await this.#pause(betweenSendsMs);
      } catch (error) {
        if (this.#stopping.signal.aborted) break;
        log.warn('dispatch failed, will be tried again', { dagId, pauseMs, error: String(error) });
        await this.#pause(pauseMs);
        pauseMs = Math.min(longestPauseMs, pauseMs * 2);
        this.#due.add(dagId);
      }
      if (this.#stopping.signal.aborted) break;
    }
    this.#serving.delete(dagId);
  }

  /** Waits, or not at all once it is stopping. */
  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }

  async #sendAll(dagId: DagId): Promise<void> {
    let looked: LookedThrough | undefined;
    for (;;) {
      const ahead = await readUndelivered(this.#options.db, dagId, looked);
      if (ahead === undefined) return;
      const sent = await this.#sendEvents(dagId, ahead);
      if (ahead.change !== null) await this.#sendChange(dagId, ahead, ahead.change, sent);
      looked = { epoch: ahead.epoch, upTo: ahead.change?.seq ?? ahead.upTo };
      if (looked.upTo >= ahead.head) return;
    }
  }

  /** @returns the position up to which everything is sent now */
  async #sendEvents(dagId: DagId, { deliveries, sent, upTo, ...head }: Undelivered): Promise<Seq> {
    const messages = toMessages(deliveries, { after: sent, upTo });
    for (const message of messages) {
      await this.#send(dagId, { ...envelope(head), ...message, definition: null });
      // A batch in parts counts as sent with its last part, so that whoever goes on begins with its first one.
      if (!message.more) await markSent(this.#options.db, dagId, head.epoch, message.upTo);
    }
    return messages.length === 0 ? sent : upTo;
  }

  async #sendChange(
    dagId: DagId,
    head: Undelivered,
    { version, seq }: NonNullable<Undelivered['change']>,
    after: Seq,
  ): Promise<void> {
    const change = { after, upTo: seq, batches: [], more: false, definition: version };
    await this.#send(dagId, { ...envelope(head), ...change });
    await markSent(this.#options.db, dagId, head.epoch, seq);
  }

  async #send(dagId: DagId, events: AssetEvents): Promise<void> {
    await signalConsumer(this.#options.temporal, dagId, assetEventsSignal, [events]);
  }
}

function envelope({ log, epoch, version }: Pick<Undelivered, 'log' | 'epoch' | 'version'>) {
  return { log, epoch, version };
}
