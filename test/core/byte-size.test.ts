import { parseByteSize } from '../../core/byte-size.ts';

describe('a size', () => {
  it.each([
    ['512 MiB', 536_870_912],
    ['1GiB', 1_073_741_824],
    [' 1.5 KiB ', 1_536],
  ])('of %s is %i bytes', (written, bytes) => {
    expect(parseByteSize(written)).toBe(bytes);
  });

  it.each(['512', '512 MB', '0 MiB', '-1 GiB', 'much', ''])('is not %j', (written) => {
    expect(() => parseByteSize(written)).toThrow(`size ${JSON.stringify(written)} is not valid`);
  });
});
