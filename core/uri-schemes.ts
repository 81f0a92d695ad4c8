import type { UriParts } from './uri-parts.ts';

/** What URIs of a scheme look like, after the handlers of Airflow's providers. */
export interface SchemeRule {
  /** The first one is the spelling of the others. */
  readonly schemes: readonly [string, ...string[]];
  /** What the authority names, where there must be one. */
  readonly authority?: 'bucket' | 'host' | 'project' | 'account';
  /** Written where the URI has no port. */
  readonly defaultPort?: number;
  /** Exactly these parts, or at least something; absent: whatever there is. */
  readonly path?: readonly string[] | 'needed';
  /** What stands for a part that is empty. */
  readonly emptyParts?: Readonly<Record<string, string>>;
}

const [database, schema, table] = ['database', 'schema', 'table'] as const;

/** Every scheme with a rule of its own. */
export const schemeRules: readonly SchemeRule[] = [
  { schemes: ['s3'], authority: 'bucket' },
  { schemes: ['gs'], authority: 'bucket' },
  { schemes: ['file'], path: 'needed' },
  { schemes: ['ftp'], authority: 'host', defaultPort: 21 },
  {
    schemes: ['postgres', 'postgresql'],
    authority: 'host',
    defaultPort: 5432,
    path: [database, schema, table],
    emptyParts: { [schema]: 'default' },
  },
  { schemes: ['mysql', 'mariadb'], authority: 'host', defaultPort: 3306, path: [database, table] },
  { schemes: ['redshift'], authority: 'host', defaultPort: 5439, path: [database, schema, table] },
  { schemes: ['trino'], authority: 'host', defaultPort: 8080, path: ['catalog', schema, table] },
  { schemes: ['mongodb'], authority: 'host', defaultPort: 27017, path: [database, 'collection'] },
  { schemes: ['hive'], authority: 'host', path: [database, table] },
  { schemes: ['bigquery'], authority: 'project', path: ['dataset', table] },
  { schemes: ['snowflake'], authority: 'account', path: [database, schema, table] },
];

/** How a URI stands to the rule of its scheme: none, spelled by it, or not as it expects. */
export type SchemeOutcome =
  | { readonly kind: 'no rule' }
  | { readonly kind: 'met'; readonly parts: UriParts }
  | { readonly kind: 'unmet'; readonly rule: SchemeRule };

/** Applies the rule of its scheme to a URI that the general rules have spelled. */
export function applySchemeRule(parts: UriParts): SchemeOutcome {
  const rule = schemeRules.find(({ schemes }) => schemes.includes(parts.scheme));
  if (rule === undefined) return { kind: 'no rule' };
  const authority = spellAuthority(rule, parts.authority ?? '');
  const path = spellPath(rule, parts.path);
  if (authority === undefined || path === undefined) return { kind: 'unmet', rule };
  return { kind: 'met', parts: { ...parts, scheme: rule.schemes[0], authority, path } };
}

/** What a rule expects, as a URI with a word for each part; brackets are around what may be left out. */
export function formOf({ schemes: [scheme], authority, defaultPort, path }: SchemeRule): string {
  const port = defaultPort === undefined ? '' : `[:${defaultPort}]`;
  const parts = path === undefined ? '[/path]' : path === 'needed' ? '/path' : `/${path.join('/')}`;
  return `${scheme}://${authority ?? '[host]'}${port}${parts}`;
}

const hostAndPort = /^(?:\[[^[\]]+\]|[^:[\]]+)(?::(\d*))?$/;
const highestPort = 65_535;

function spellAuthority(
  { authority: needed, defaultPort }: SchemeRule,
  authority: string,
): string | undefined {
  if (needed === undefined) return authority;
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (defaultPort === undefined) return host === '' ? undefined : authority;
  const match = hostAndPort.exec(host);
  if (match === null || Number(match[1]) > highestPort) return undefined;
  if ((match[1] ?? '') !== '') return authority;
  return `${authority.replace(/:$/, '')}:${defaultPort}`;
}

function spellPath({ path: needed, emptyParts = {} }: SchemeRule, path: string): string | undefined {
  if (needed === undefined) return path;
  if (needed === 'needed') return path.startsWith('/') && path !== '/' ? path : undefined;
  // Behind an authority a path begins with a slash.
  const parts = path.split('/').slice(1);
  if (parts.length !== needed.length) return undefined;
  return ['', ...parts.map((part, at) => part || (emptyParts[needed[at] ?? ''] ?? ''))].join('/');
}
