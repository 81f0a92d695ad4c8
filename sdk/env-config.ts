import { z } from 'zod';
import { TidegateError } from '../core/errors.ts';
import { shown } from '../core/json.ts';
import { brand, isBranded } from './brand.ts';
import { placeOfCaller } from './place.ts';
import { keepSecret, noteIfShort, type ShortSecret } from './secrets.ts';

/** A variable whose value nobody may see. */
export interface SecretField<Schema extends z.ZodType = z.ZodType> {
  readonly [brand]: 'secret';
  readonly schema: Schema;
}

/** Environment variables by their names: what each must meet, which types it, too. */
export type EnvFields = Readonly<Record<string, z.ZodType | SecretField>>;

/** The values of environment variables, as their schemas type them. */
export type EnvValues<Fields extends EnvFields> = {
  readonly [Name in keyof Fields]: Fields[Name] extends SecretField<infer Schema>
    ? z.output<Schema>
    : Fields[Name] extends z.ZodType
      ? z.output<Fields[Name]>
      : never;
};

/**
 * Marks a variable of {@link envConfig} as secret: its value is taken out of everything that tasks write and of the worker's log.
 * @param schema - what it must meet; one that is not a text is made from it, as in `z.coerce.number()`. @defaultValue any text
 * @example
 * ```ts
 * import { envConfig, secret } from 'tidegate';
 * import { z } from 'zod';
 *
 * export const api = envConfig({ API_TOKEN: secret(z.string().min(20).optional()) });
 * ```
 */
export function secret(): SecretField<z.ZodString>;
export function secret<Schema extends z.ZodType>(schema: Schema): SecretField<Schema>;
export function secret(schema: z.ZodType = z.string()): SecretField {
  return { [brand]: 'secret', schema };
}

/**
 * Reads configuration from environment variables, checked and typed by their schemas. One that is not set, or is empty, is what the
 * schema makes of nothing. Where one is missing or wrong, the file that declares it is an import error.
 * @example
 * ```ts
 * import { envConfig, secret } from 'tidegate';
 * import { z } from 'zod';
 *
 * export const shop = envConfig(
 *   { SHOP_BUCKET: z.string(), SHOP_PAGE: z.coerce.number().int().default(100), SHOP_API_KEY: secret() },
 *   { SHOP_BUCKET: 's3://shop', SHOP_API_KEY: 'correct horse' },
 * );
 *
 * export const pages: number = shop.SHOP_PAGE;
 * ```
 * @param variables - where they are read from. @defaultValue the environment of the process
 * @throws TidegateError `invalid_environment` naming every variable that is missing or wrong, and never the value of a secret;
 * `invalid_definition` when a name cannot be that of a variable
 */
export function envConfig<const Fields extends EnvFields>(
  fields: Fields,
  variables?: Readonly<Record<string, string | undefined>>,
): EnvValues<Fields>;
export function envConfig(
  fields: EnvFields,
  variables: Readonly<Record<string, string | undefined>> = process.env,
): object {
  const place = placeOfCaller();
  const outcomes = Object.entries(fields).map(
    ([name, field]) => [name, read({ name, place }, field, variables)] as const,
  );
  const problems = outcomes.flatMap(([, outcome]) => (outcome.kind === 'problem' ? [outcome.why] : []));
  if (problems.length > 0)
    throw new TidegateError('invalid_environment', `configuration at ${place}: ${problems.join('; ')}`);
  const values = outcomes.map(([name, outcome]) => [
    name,
    outcome.kind === 'value' ? outcome.value : undefined,
  ]);
  return Object.freeze(Object.fromEntries(values));
}

type Outcome =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'problem'; readonly why: string };

function read(
  variable: ShortSecret,
  field: unknown,
  variables: Readonly<Record<string, string | undefined>>,
): Outcome {
  const { name } = variable;
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw refused(`environment variable ${shown(name)} cannot be: use letters, digits and _`);
  const isSecret = isSecretField(field);
  const schema = isSecret ? field.schema : field;
  if (!isSchema(schema))
    throw refused(`environment variable ${name} has no schema: write z.string(), or secret()`);
  const given = variables[name];
  const value = given === undefined || given.trim() === '' ? undefined : given;
  if (isSecret && value !== undefined) {
    keepSecret(value);
    noteIfShort(value, variable);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) {
    if (isSecret) keepTexts(parsed.data);
    return { kind: 'value', value: parsed.data };
  }
  return { kind: 'problem', why: problemOf(name, value, isSecret, parsed.error.issues[0]) };
}

function problemOf(
  name: string,
  value: string | undefined,
  isSecret: boolean,
  issue: z.core.$ZodIssue | undefined,
): string {
  if (value === undefined) return `environment variable ${name} is not set`;
  const hint = issue?.code === 'invalid_type' ? hints[issue.expected] : undefined;
  const why = hint ?? issue?.message ?? 'it does not meet its schema';
  if (!isSecret) return `environment variable ${name} ${shown(value)} is not valid: ${why}`;
  // A schema may have words of its own, with the value in them.
  return `environment variable ${name}, a secret, is not valid${why.includes(value) ? '' : `: ${why}`}`;
}

/** Variables are texts, which schemas of anything else have to be told. */
const hints: Readonly<Record<string, string>> = {
  number: 'it is text, write z.coerce.number() for a number',
  boolean: "it is text, write z.stringbool() for 'true' and 'false'",
};

/** What a schema makes of a secret is as secret: trimmed, decoded, or the fields of an object. */
function keepTexts(value: unknown): void {
  if (typeof value === 'string') keepSecret(value);
  else if (typeof value === 'object' && value !== null)
    for (const part of Object.values(value)) keepTexts(part);
}

/** Not by its class: a project may have a zod of its own. */
function isSchema(value: unknown): value is z.ZodType {
  return typeof value === 'object' && value !== null && 'safeParse' in value;
}

function isSecretField(field: unknown): field is SecretField {
  return isBranded(field, 'secret');
}

function refused(reason: string): TidegateError {
  return new TidegateError('invalid_definition', reason);
}
