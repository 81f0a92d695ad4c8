/**
 * Draws `docs/start-output.txt`, what `npm start -- --once` printed, as the picture of the README:
 * `node docs/start-svg.mjs`. Long lines are cut, counting seconds and the password of Postgres left out.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const columns = 122;
const line = { height: 17, width: 7.83 };
const margin = 16;

/** What is coloured, the first that fits a piece of text. */
const styles = [
  ['good', /✔|\d+ ms from .*$/],
  ['bad', /✘/],
  ['busy', /▶|https?:\S+/],
  ['event', /◆/],
  ['dim', /│|·/],
];
const anyStyle = new RegExp(styles.map(([name, { source }]) => `(?<${name}>${source})`).join('|'), 'g');

const output = readFileSync(new URL('start-output.txt', import.meta.url), 'utf8');
const lines = output
  .trimEnd()
  .split('\n')
  .filter((row) => !/ … [\d.]+ s$/.test(row))
  .map((row) => row.replace(/(postgres:\/\/\w+:)[^@]+@/, '$1…@'));
writeFileSync(new URL('start.svg', import.meta.url), draw(lines));

function draw(rows) {
  const width = Math.ceil(2 * margin + columns * line.width);
  const height = 2 * margin + rows.length * line.height;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="What npm start prints">
<style>
  text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #d6deeb; white-space: pre; }
  .good { fill: #8bd49c; font-weight: bold; } .bad { fill: #f07178; } .busy { fill: #7fdbca; } .event { fill: #c792ea; } .dim { fill: #637777; }
</style>
<rect width="100%" height="100%" rx="8" fill="#0b1220"/>
${rows.map((row, index) => `<text x="${margin}" y="${margin + (index + 0.75) * line.height}">${paint(cut(row))}</text>\n`).join('')}</svg>
`;
}

function cut(text) {
  return text.length > columns ? `${text.slice(0, columns - 1)}…` : text;
}

function paint(text) {
  return escape(text).replaceAll(anyStyle, (piece, ...rest) => {
    const [name] = Object.entries(rest.at(-1)).find(([, found]) => found !== undefined);
    return `<tspan class="${name}">${piece}</tspan>`;
  });
}

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
