import type { Db } from './database.ts';
import { claimKeys, readKeys, setKeySeqs, type UsedKey } from './idempotency-keys.ts';
import { type Recorded, recordAll, type Submission } from './recording.ts';

/** Writes submissions in one transaction. Of several with one idempotency key, the first one that ever came is recorded. */
export async function writeAll(db: Db, submissions: readonly Submission[]): Promise<readonly Recorded[]> {
  const keys = submissions.flatMap(({ idempotencyKey: key }) => (key === undefined ? [] : [key]));
  if (keys.length === 0) return recordAll(db, submissions);
  return db.transaction().execute(async (tx) => {
    const free = new Set(await claimKeys(tx, keys));
    const isNew = submissions.map(
      ({ idempotencyKey }) => idempotencyKey === undefined || free.delete(idempotencyKey.key),
    );
    const accepted = submissions.filter((_, index) => isNew[index]);
    const recorded = await recordAll(tx, accepted);
    await setKeySeqs(tx, firstSeqs(accepted, recorded));
    const used = await readKeys(
      tx,
      keys.map(({ key }) => key),
    );
    const answers = recorded.values();
    return submissions.map((submission, index) =>
      isNew[index] === true ? (answers.next().value ?? lost) : repeated(submission, used),
    );
  });
}

const lost: Recorded = { kind: 'lost' };

function firstSeqs(
  submissions: readonly Submission[],
  recorded: readonly Recorded[],
): ReadonlyMap<string, number> {
  return new Map(
    submissions.flatMap(({ idempotencyKey }, index) => {
      const answer = recorded[index];
      if (idempotencyKey === undefined || answer?.kind !== 'recorded') return [];
      return [[idempotencyKey.key, answer.seqs[0] ?? 0]];
    }),
  );
}

function repeated({ idempotencyKey }: Submission, used: ReadonlyMap<string, UsedKey>): Recorded {
  const before = idempotencyKey && used.get(idempotencyKey.key);
  return before === undefined
    ? lost
    : { kind: 'repeated', firstSeq: before.seq, requestHash: before.requestHash };
}
