import { createPlaces } from '../../../worker/isolated/places.ts';

const { signal } = new AbortController();

describe('places', () => {
  it('are handed out in order, and no more than there are', async () => {
    const places = createPlaces(1);
    const order: string[] = [];
    const first = await places.take(signal);
    const second = places.take(signal).then((giveBack) => {
      order.push('second');
      giveBack();
    });
    const third = places.take(signal).then(() => order.push('third'));
    await Promise.resolve();
    expect(order).toEqual([]);
    first();
    // Given back twice it is still one.
    first();
    await Promise.all([second, third]);
    expect(order).toEqual(['second', 'third']);
  });

  it('are not waited for by who was told to stop', async () => {
    const places = createPlaces(1);
    const giveBack = await places.take(signal);
    const stopping = new AbortController();
    const left = places.take(stopping.signal);
    const next = places.take(signal);
    stopping.abort(new Error('CANCELLED'));
    await expect(left).rejects.toThrow('CANCELLED');
    giveBack();
    await expect(next).resolves.toBeInstanceOf(Function);
    await expect(places.take(stopping.signal)).rejects.toThrow('CANCELLED');
  });

  it('are not lost with who was told to stop as it got one', async () => {
    const places = createPlaces(1);
    const giveBack = await places.take(signal);
    const stopping = new AbortController();
    const left = places.take(stopping.signal);
    giveBack();
    stopping.abort(new Error('CANCELLED'));
    await expect(left).rejects.toThrow('CANCELLED');
    await expect(places.take(signal)).resolves.toBeInstanceOf(Function);
  });
});
