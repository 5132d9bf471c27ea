import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../src/lib/clock.ts';
import { HostRequests } from '../../src/machine/host-requests.ts';

function make(virtual: boolean) {
  const clock = new ManualClock();
  const events: string[] = [];
  const requests = new HostRequests({
    clock,
    virtual,
    asked: () => events.push('asked'),
    answered: () => events.push('answered'),
  });
  return { clock, events, requests };
}

describe('on the clock of the host', () => {
  test('what the medium answers on the spot is there after a turn', async () => {
    const { events, requests } = make(false);
    requests.start(Promise.resolve(), 512, (error) => events.push(`ended ${error}`));
    expect(events).toEqual(['asked']);
    await requests.turn();
    expect(events).toEqual(['asked', 'ended undefined', 'answered']);
    expect(requests.outstanding).toBe(0);
  });

  test('a turn ends without an answer that takes longer; a failure is an answer', async () => {
    const { events, requests } = make(false);
    let fail: (error: Error) => void = () => {};
    const work = new Promise<void>((_, reject) => {
      fail = reject;
    });
    requests.start(work, 512, (error) => events.push(`ended ${error}`));
    await requests.turn();
    expect(requests.outstanding).toBe(1);
    fail(new Error('gone'));
    await requests.drained();
    expect(events).toEqual(['asked', 'ended Error: gone', 'answered']);
  });
});

describe('on the virtual clock', () => {
  test('an answer comes at a time that depends on the bytes, never before it, and the guest waits for it', async () => {
    const { clock, events, requests } = make(true);
    let settle: () => void = () => {};
    const slow = new Promise<void>((resolve) => {
      settle = resolve;
    });
    requests.start(slow, 4096, () => events.push(`slow at ${clock.now()}`));
    requests.start(Promise.resolve(), 512, () => events.push(`quick at ${clock.now()}`));
    await requests.turn();
    expect(events).toEqual([]);
    clock.advanceTo(51_280);
    expect(requests.due).toBe(true);
    await requests.settle();
    expect(events).toEqual(['quick at 51280', 'answered']);
    clock.advanceTo(60_240);
    expect(requests.due).toBe(true);
    settle();
    await requests.settle();
    expect(events.slice(2)).toEqual(['slow at 60240', 'answered']);
    expect([requests.due, requests.outstanding]).toEqual([false, 0]);
  });
});
