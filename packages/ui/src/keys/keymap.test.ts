import { describe, expect, it } from 'vitest';
import { commandOf, KEYMAP } from './keymap.ts';

describe('the table of keys', () => {
  it('has each key and each command once', () => {
    const keys = KEYMAP.flatMap((binding) => binding.keys);
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set(KEYMAP.map((binding) => binding.command)).size).toBe(KEYMAP.length);
  });

  it('leaves the browser its own', () => {
    const plain = { ctrlKey: false, metaKey: false, altKey: false };
    expect(commandOf({ ...plain, key: 'j' })).toBe('down');
    expect(commandOf({ ...plain, key: 'r', ctrlKey: true })).toBeNull();
    expect(commandOf({ ...plain, key: 'x' })).toBeNull();
  });
});
