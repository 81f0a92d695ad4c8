/** Work that goes on behind an answer; whoever closes what it needs waits for it first. */
export class Background {
  readonly #underWay = new Set<Promise<void>>();

  /** @param work - it never rejects: nobody is there to be told */
  add(work: Promise<void>): void {
    const tracked = work.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }
}
