import picocolors from 'picocolors';

export type Colors = ReturnType<typeof picocolors.createColors>;

/** Colours where a person looks and has not set `NO_COLOR`; else text stays as it is. */
export function colorsOf(output: { readonly isTTY?: boolean }, environment: NodeJS.ProcessEnv): Colors {
  return picocolors.createColors(
    output.isTTY === true && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb',
  );
}
