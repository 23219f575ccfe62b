/** PromQL: parse, print, evaluate. */
export * from './storage.ts';
