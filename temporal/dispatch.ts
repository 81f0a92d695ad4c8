import type { Seq } from '../core/asset-event.ts';
import type { DagId } from '../core/ids.ts';
import { toMessages } from '../core/message.ts';
import type { Db } from '../store/database.ts';
import { type LookedThrough, markSent, readUndelivered, type Undelivered } from '../store/deliveries.ts';
import { judgeAhead } from '../store/judging.ts';
import { type AssetEvents, assetEventsSignal } from '../workflows/messages.ts';
import { signalConsumer } from './consumer-workflow.ts';
import type { Log, Temporal } from './deps.ts';
import { OneAtATime } from './one-at-a-time.ts';

interface DispatcherOptions {
  readonly db: Db;
  readonly temporal: Temporal;
  readonly log: Log;
}

/** Sends consumers what the log has for them. Sending is at-least-once; consumers count exactly once. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #sending: OneAtATime<DagId>;
  /** Consumers that wait for aliases, or look into events: they are read in another way. */
  readonly #mixed = new Set<DagId>();

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#sending = new OneAtATime({
      act: (dagId) => this.#sendAll(dagId),
      onFailure: (dagId, failure) =>
        options.log.warn('dispatch failed, will be tried again', { dagId, ...failure }),
    });
  }

  /** Says that there may be something new for these consumers; returns at once. */
  notify(dagIds: readonly DagId[]): void {
    for (const dagId of dagIds) this.#sending.notify(dagId);
  }

  /** Resolves when nothing is being sent. */
  idle(): Promise<void> {
    return this.#sending.idle();
  }

  /** Ends what is under way; what was not sent is sent by another process or at the next start. */
  stop(): Promise<void> {
    return this.#sending.stop();
  }

  async #sendAll(dagId: DagId): Promise<void> {
    let looked: LookedThrough | undefined;
    for (;;) {
      const isPlain = !this.#mixed.has(dagId);
      const ahead = await readUndelivered(this.#options.db, dagId, looked, { isPlain });
      if (ahead === undefined) return;
      if (ahead.isMixed) this.#mixed.add(dagId);
      // Those that look into events are told of what they accept.
      if (ahead.isJudgedBehind && (await judgeAhead(this.#options.db, dagId))) continue;
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
