import { parse } from '@swc/core';

/** One import of a file: what it names, whether only types come through it, and the line it stands on. */
export interface Import {
  readonly source: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

interface Node {
  readonly type?: string;
  readonly span?: { readonly start: number };
  readonly [key: string]: unknown;
}

/** Every import of a TypeScript file, in order: statements, re-exports, `import()`, `import('…')` types and `require`. */
export async function importsOf(text: string, tsx = false): Promise<readonly Import[]> {
  const bytes = Buffer.from(text);
  const found: Import[] = [];
  visit(await parse(text, { syntax: 'typescript', tsx, target: 'es2022' }), (node) => {
    const source = sourceOf(node);
    // swc counts bytes from 1.
    if (source !== undefined) found.push({ ...source, line: lineAt(bytes, (node.span?.start ?? 1) - 1) });
  });
  return found.toSorted((a, b) => a.line - b.line);
}

function sourceOf(node: Node): Omit<Import, 'line'> | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration': {
      const source = textOf(node['source']);
      return source === undefined
        ? undefined
        : { source, typeOnly: node['typeOnly'] === true || namesOnlyTypes(node) };
    }
    case 'CallExpression': {
      const source = callsLoader(node) ? textOf(listOf(node['arguments'])[0]?.['expression']) : undefined;
      return source === undefined ? undefined : { source, typeOnly: false };
    }
    case 'TsImportType': {
      const source = textOf(node['argument']);
      return source === undefined ? undefined : { source, typeOnly: true };
    }
    default:
      return undefined;
  }
}

function namesOnlyTypes(node: Node): boolean {
  const specifiers = listOf(node['specifiers']);
  return specifiers.length > 0 && specifiers.every((specifier) => specifier['isTypeOnly'] === true);
}

function callsLoader(node: Node): boolean {
  const callee = asNode(node['callee']);
  return callee?.type === 'Import' || (callee?.type === 'Identifier' && callee['value'] === 'require');
}

function textOf(value: unknown): string | undefined {
  const node = asNode(value);
  return node?.type === 'StringLiteral' && typeof node['value'] === 'string' ? node['value'] : undefined;
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const each of value) visit(each, see);
    return;
  }
  const node = asNode(value);
  if (node === undefined) return;
  if (typeof node.type === 'string') see(node);
  for (const child of Object.values(node)) visit(child, see);
}

function listOf(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.map(asNode).filter((each) => each !== undefined) : [];
}

function asNode(value: unknown): Node | undefined {
  return isNode(value) ? value : undefined;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null;
}

function lineAt(bytes: Buffer, offset: number): number {
  return bytes.subarray(0, offset).filter((byte) => byte === 0x0a).length + 1;
}
