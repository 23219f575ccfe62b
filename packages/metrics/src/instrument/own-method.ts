/**
 * Replacing methods of one object, so that what it does can be measured, and putting them back. Prototypes are not
 * touched; the replacement shows no more than the method did, and calls what was there before, whoever put it there.
 */

/** A method as it is called. */
export type Method = (this: unknown, ...args: unknown[]) => unknown;

const NOTHING = (): void => {};

/**
 * Replaces a method of an object, its own or its class's, by what `wrap` makes of it; an object without it, or that is
 * frozen, stays as it is. What is returned puts it back, unless somebody else has replaced it since.
 */
export function replaceMethod(target: object, name: string, wrap: (original: Method) => Method): () => void {
  const original: unknown = Reflect.get(target, name);
  if (typeof original !== 'function') return NOTHING;
  const own = Reflect.getOwnPropertyDescriptor(target, name);
  const replacement = wrap(original as Method);
  const isReplaced = Reflect.defineProperty(target, name, {
    value: replacement,
    writable: true,
    configurable: true,
    enumerable: own?.enumerable ?? false,
  });
  if (!isReplaced) return NOTHING;
  return () => {
    if (Reflect.get(target, name) !== replacement) return;
    Reflect.deleteProperty(target, name);
    if (own !== undefined) Reflect.defineProperty(target, name, own);
  };
}
