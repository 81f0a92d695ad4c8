import { TidegateError } from '../core/errors.ts';
import { quote } from '../core/ids.ts';
import {
  namesOf,
  paramOf,
  parseTemplate,
  render,
  requireKnownNames,
  type Template,
  type TemplateValues,
} from '../core/template.ts';

/** How an asset's name and URI come about in each run. */
export interface AssetTemplate {
  /** `undefined` where instances are named by their URI. */
  readonly name: Template | undefined;
  readonly uri: Template;
}

/** What stands for the values of a run while there is none. */
const sample: TemplateValues = {
  ...{ logicalAt: 0, dataIntervalStartAt: 0, dataIntervalEndAt: 0, partitionKey: 'key' },
  params: {},
};

/**
 * The template of an asset, with what its URI would be in some run, by which it can be judged before there is one; nothing where name and
 * URI are plain texts.
 * @throws TidegateError `invalid_definition` when it holds a name that there is no value for
 */
export function parseAssetTemplate(
  name: string | undefined,
  uri: string,
): { readonly template: AssetTemplate; readonly sampleUri: string } | undefined {
  const uriTemplate = checked(uri);
  const nameTemplate = name === undefined ? undefined : checked(name);
  if (uriTemplate === undefined && nameTemplate === undefined) return undefined;
  if (uriTemplate === undefined) {
    throw new TidegateError(
      'invalid_definition',
      `asset ${quote(name ?? uri)} has a template in its name but none in its URI ${quote(uri)}: several assets would have that URI`,
    );
  }
  return { template: { name: nameTemplate, uri: uriTemplate }, sampleUri: rendered(uriTemplate) };
}

/** Parameters that a template needs, each with the name it is written by. */
export function paramsIn({ name, uri }: AssetTemplate): readonly string[] {
  const names = [...namesOf(uri), ...(name === undefined ? [] : namesOf(name))];
  return [...new Set(names.flatMap((one) => paramOf(one) ?? []))];
}

function checked(text: string): Template | undefined {
  const template = parseTemplate(text);
  if (template !== undefined) requireKnownNames(template, 'template', text);
  return template;
}

function rendered(template: Template): string {
  const parts = template.parts.map((part) =>
    typeof part !== 'string' && paramOf(part.name) !== undefined ? 'param' : part,
  );
  return render({ ...template, parts }, sample);
}
