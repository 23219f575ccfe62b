/** Replacing methods of one object, and putting them back. */

/** A method of which nothing is known. */
export type Method = (this: unknown, ...args: unknown[]) => unknown;

/** The method of this name, the object's own or its class's. */
export function methodOf(target: object, name: string): Method | undefined {
  const method = (target as Readonly<Record<string, unknown>>)[name];
  return typeof method === 'function' ? (method as Method) : undefined;
}

/** Replaces a method of one object; what it returns puts it back, unless somebody else has replaced it since. */
export function replace(target: object, name: string, method: Method): () => void {
  const own = Object.getOwnPropertyDescriptor(target, name);
  Object.defineProperty(target, name, {
    value: method,
    configurable: true,
    writable: true,
    enumerable: own?.enumerable ?? false,
  });
  return () => {
    if (methodOf(target, name) !== method) return;
    Reflect.deleteProperty(target, name);
    if (own !== undefined) Object.defineProperty(target, name, own);
  };
}
