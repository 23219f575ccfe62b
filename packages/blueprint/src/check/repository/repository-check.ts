/** What a check of a repository's files is: one kind of mistake, looked for in all of them at once. */
import type { Check } from '../check.ts';
import type { Repository } from './repository.ts';

/** One kind of mistake. A file of its own in `checks/`, a table of tests and a page in `docs/checks`, all of its name. */
export type RepositoryCheck = Check<Repository>;
