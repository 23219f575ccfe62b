/** What a program says about itself. */
export * from './model/index.ts';
