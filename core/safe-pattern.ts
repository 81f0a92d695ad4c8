import { invalidOption } from './invalid-option.ts';

const maxPatternLength = 250;
/** Each of them multiplies what the longest text costs. */
const maxOpenEnds = 2;

/** Parts of a regular expression in which a sign means nothing of its own: escapes and classes. */
const literals = /\\.|\[(?:\\.|[^\]\\])*\]/gsu;
const openEnds = /[*+]|\{\d+,(?:\d{2,})?\}/gu;
/** A group that repeats, or what looks around or back. */
const costly = /\)(?:[*+]|\{)|\(\?[=!<]/u;
const back = /\\[1-9k]/u;

/**
 * Refuses a regular expression that could keep a process busy: one runs for every event, and JavaScript has no time limit for it.
 * What is left is at most quadratic in the text, and texts are short.
 * @throws TidegateError `invalid_definition` when it is none, longer than 250 characters, repeats a group, looks around or back, or has more than two `*`, `+`, `{n,}` or `{n,m}` of 10 and more
 */
export function refusePattern(name: string, pattern: string): void {
  const refused = (why: string) => invalidOption(name, pattern, why);
  if (pattern.length > maxPatternLength) throw refused(`use at most ${maxPatternLength} characters`);
  try {
    RegExp(pattern, 'u');
  } catch (error) {
    throw refused(error instanceof Error ? error.message : String(error));
  }
  const bare = pattern.replaceAll(literals, 'x');
  if (costly.test(bare) || back.test(pattern.replaceAll('\\\\', '')))
    throw refused(
      'a group that repeats, looking around and references back can take for ever: write it without',
    );
  const count = bare.match(openEnds)?.length ?? 0;
  if (count > maxOpenEnds)
    throw refused(
      `it has ${count} open repetitions (*, +, {n,}), ${maxOpenEnds} are allowed: write several tests`,
    );
}
