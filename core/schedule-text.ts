import { TidegateError } from './errors.ts';
import { quote } from './ids.ts';
import type { ConditionJson } from './scenario.ts';

interface Token {
  readonly kind: 'name' | 'quoted' | '(' | ')' | ',' | 'end';
  readonly text: string;
  /** Where it begins, from 0. */
  readonly at: number;
}

const remedy =
  "write names or quoted URIs in all(…), any(…) and atLeast(n, …), such as all(orders, any(eur, 's3://lake/usd'))";
const word =
  /\s*(?:(?<sign>[(),])|'(?<single>[^']*)'|"(?<double>[^"]*)"|(?<name>[^\s(),'"]+)|(?<end>$)|(?<odd>.))/suy;
/** Deeper nesting is refused where a schedule is read; this only keeps the walk off the end of the stack. */
const maxDepth = 200;

/**
 * Reads a schedule written as one line: names, `'URIs'`, `alias(name)`, `all(…)`, `any(…)` and `atLeast(n, …)`; several of them in a row mean
 * all. Which words are assets it does not know.
 * @throws TidegateError `invalid_input` naming the place that is not valid
 */
export function parseScheduleText(text: string): ConditionJson {
  const tokens = tokensOf(text);
  let next = 0;

  const peek = (): Token => tokens[next] ?? { kind: 'end', text: '', at: text.length };
  const take = (): Token => {
    const token = peek();
    next += 1;
    return token;
  };
  const wrong = (token: Token, expected: string): TidegateError =>
    new TidegateError(
      'invalid_input',
      `schedule ${quote(text)} is not valid: ${token.kind === 'end' ? 'it ends' : `${quote(token.text)} stands at character ${token.at + 1}`} where ${expected} is expected; ${remedy}`,
    );
  const expect = (kind: Token['kind'], what: string): Token => {
    const token = take();
    if (token.kind !== kind) throw wrong(token, what);
    return token;
  };

  const parts = (depth: number, closes: 'end' | ')'): readonly ConditionJson[] => {
    const found = [part(depth)];
    while (peek().kind === ',') {
      take();
      found.push(part(depth));
    }
    expect(closes, closes === 'end' ? "',' or the end" : "',' or ')'");
    return found;
  };

  const part = (depth: number): ConditionJson => {
    const token = take();
    if (depth > maxDepth) throw wrong(token, 'a schedule that is less nested');
    if (token.kind === 'quoted') return { asset: token.text };
    if (token.kind !== 'name') throw wrong(token, 'a name or a quoted URI');
    if (peek().kind !== '(') return { asset: token.text };
    take();
    switch (token.text) {
      case 'all':
        return { all: peek().kind === ')' ? (take(), []) : parts(depth + 1, ')') };
      case 'any':
        return { any: peek().kind === ')' ? (take(), []) : parts(depth + 1, ')') };
      case 'alias': {
        const name = take();
        if (name.kind !== 'name' && name.kind !== 'quoted') throw wrong(name, 'the name of an alias');
        expect(')', "')'");
        return { alias: name.text };
      }
      case 'atLeast': {
        const count = take();
        if (count.kind !== 'name' || !/^\d{1,9}$/.test(count.text)) throw wrong(count, 'a whole number');
        expect(',', "','");
        return { atLeast: Number(count.text), of: parts(depth + 1, ')') };
      }
      default:
        throw wrong(token, 'all, any, atLeast or alias in front of its brackets');
    }
  };

  const found = parts(1, 'end');
  const [first] = found;
  return found.length === 1 && first !== undefined ? first : { all: found };
}

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const { index, 0: all, groups = {} } of text.matchAll(new RegExp(word.source, 'sug'))) {
    const at = index + all.length - all.trimStart().length;
    const { sign, single, double, name, odd } = groups;
    if (sign === '(' || sign === ')' || sign === ',') tokens.push({ kind: sign, text: sign, at });
    else if (single !== undefined || double !== undefined)
      tokens.push({ kind: 'quoted', text: single ?? double ?? '', at });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name, at });
    else if (odd !== undefined)
      throw new TidegateError(
        'invalid_input',
        `schedule ${quote(text)} is not valid: the quote at character ${at + 1} does not end; ${remedy}`,
      );
  }
  return tokens;
}
