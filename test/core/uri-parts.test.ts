import * as fc from 'fast-check';
import { joinUri, splitUri, withoutCredentials } from '../../core/uri-parts.ts';
import { anyWrittenUri } from './written-uris.ts';

describe('a URI', () => {
  it('is cut where RFC 3986 cuts it', () => {
    expect(splitUri('Foo://user@host:1/a/b?c=d?e#f?g')).toEqual({
      scheme: 'foo',
      authority: 'user@host:1',
      path: '/a/b',
      query: 'c=d?e',
    });
    expect(splitUri('urn:a:b')).toEqual({ scheme: 'urn', authority: undefined, path: 'a:b', query: '' });
    expect(splitUri('file:///a')).toMatchObject({ authority: '', path: '/a' });
  });

  it.each(['name', '//host/path', '/a:b', '?a:b', '1a:b', ':b'])('has a scheme or is none: %s', (text) => {
    expect(splitUri(text)).toBeUndefined();
  });

  it('is put together from the parts it was cut into', () => {
    fc.assert(
      fc.property(anyWrittenUri(), (written) => {
        const parts = splitUri(written);
        expect(parts === undefined ? undefined : splitUri(joinUri(parts))).toEqual(parts);
      }),
    );
  });

  it('is shown without its password, otherwise as it is written', () => {
    expect(withoutCredentials('S3://u:secret@b/p//?x#f')).toBe('S3://b/p//?x#f');
    expect(withoutCredentials('S3://u@b/a:b@c/')).toBe('S3://u@b/a:b@c/');
    expect(withoutCredentials('u:secret@b')).toBe('u:secret@b');
  });
});
