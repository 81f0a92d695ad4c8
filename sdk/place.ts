const frame = /^\s*at (?:.*\()?(?:async )?(.+?):(\d+):\d+\)?$/;
const ownFolder = pathOf(new URL('.', import.meta.url).href);

/** Where the author's code is that called into the sdk, as `path:line`; errors name it. */
export function placeOfCaller(): string {
  const frames = new Error('only its stack is read').stack?.split('\n') ?? [];
  for (const line of frames) {
    const [, location, number] = frame.exec(line) ?? [];
    if (location === undefined || number === undefined || location.startsWith('node:')) continue;
    const path = pathOf(location);
    if (!path.startsWith(ownFolder)) return `${path}:${number}`;
  }
  return 'an unknown place';
}

function pathOf(location: string): string {
  const [path = location] = location.split('?', 1);
  return path.startsWith('file://') ? decodeURI(new URL(path).pathname) : path;
}
