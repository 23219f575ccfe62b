/** The typed builder: PromQL from metric definitions. */
export * from './functions.ts';
export * from './operators.ts';
export * from './select.ts';
export * from './vector.ts';
