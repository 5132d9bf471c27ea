// An end that is not early.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Deadline } from '../../src/cli/deadline.ts';

let now = 0;

beforeEach(() => {
  now = 500;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test('a timer that comes early is set again for what is left', () => {
  const then = vi.fn();
  new Deadline(4, then);
  now = 4499.9;
  vi.advanceTimersByTime(4000);
  expect(then).not.toHaveBeenCalled();
  now = 4500.9;
  vi.advanceTimersByTime(1);
  expect(then).toHaveBeenCalledOnce();
  expect(vi.getTimerCount()).toBe(0);
});

test('none comes once it is cleared', () => {
  const then = vi.fn();
  const deadline = new Deadline(4, then);
  now = 4499.9;
  vi.advanceTimersByTime(4000);
  deadline.clear();
  now = 9000;
  vi.advanceTimersByTime(9000);
  expect(then).not.toHaveBeenCalled();
});
