/**
 * Module hooks for a project's files. An import that carries this mark hands it on to what it imports by a relative path, so
 * that loading a project again, under another mark, reads every file of it again; and a marked TypeScript file is an ES module
 * whatever the package.json around it says. What it imports of Tidegate is what the process has of it. JavaScript, because
 * Node runs hooks where no TypeScript loader is.
 */
const mark = 'tidegate-load';
/** Where this process has what Tidegate publishes, by the URLs of its sources. */
let replaced = {};

export function initialize(data) {
  replaced = data;
}

export async function resolve(specifier, context, nextResolve) {
  const resolved = await nextResolve(specifier, context);
  const own = replaced[resolved.url];
  if (own !== undefined) return { ...resolved, url: own, format: 'module' };
  const load = /^\.{1,2}\//.test(specifier) ? markOf(context.parentURL) : markOf(resolved.url);
  if (load === null || !resolved.url.startsWith('file:')) return resolved;
  const url = new URL(resolved.url);
  // Beside a package.json without "type": "module" tsx has written its plan to read the file as CommonJS into the URL.
  url.pathname = url.pathname.replace(/%3F.*$/, '');
  url.search = `?${mark}=${load}`;
  return { ...resolved, url: url.href, ...(/\.[mc]?ts$/.test(url.pathname) ? { format: 'module' } : {}) };
}

function markOf(url) {
  return url === undefined ? null : new URL(url).searchParams.get(mark);
}
