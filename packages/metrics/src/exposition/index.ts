/** The exposition formats, each with its writer and its parser in one file. Safe in a browser. */
export {};
