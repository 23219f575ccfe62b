/** Which commands MongoDB has, and what a command is about. */

/** The operation of what is no known command, and the collection of what comes when all that may be are told apart. */
export const OTHER = 'other';

/** The collection of commands that are about none: `ping`, `commitTransaction`. */
export const NO_COLLECTION = 'none';

/** Commands that are told apart. */
const OPERATIONS: ReadonlySet<string> = new Set([
  'abortTransaction',
  'aggregate',
  'buildInfo',
  'bulkWrite',
  'collMod',
  'collStats',
  'commitTransaction',
  'connectionStatus',
  'count',
  'create',
  'createIndexes',
  'createSearchIndexes',
  'createUser',
  'currentOp',
  'dbStats',
  'delete',
  'distinct',
  'drop',
  'dropDatabase',
  'dropIndexes',
  'dropSearchIndex',
  'dropUser',
  'explain',
  'find',
  'findAndModify',
  'getMore',
  'getParameter',
  'hostInfo',
  'insert',
  'killAllSessions',
  'killCursors',
  'killOp',
  'killSessions',
  'listCollections',
  'listDatabases',
  'listIndexes',
  'mapReduce',
  'ping',
  'profile',
  'refreshSessions',
  'renameCollection',
  'replSetGetStatus',
  'serverStatus',
  'startSession',
  'update',
  'updateSearchIndex',
  'updateUser',
  'usersInfo',
  'validate',
]);

/** What the driver sends by itself, to connect and to tidy up. */
const OWN: ReadonlySet<string> = new Set([
  'authenticate',
  'endSessions',
  'hello',
  'isMaster',
  'ismaster',
  'logout',
  'saslContinue',
  'saslStart',
]);

/** The operation of a command's name; undefined where the driver has sent it by itself. */
export function operationOf(commandName: string): string | undefined {
  if (OPERATIONS.has(commandName)) return commandName;
  return OWN.has(commandName) ? undefined : OTHER;
}

/** The collection that a command is about; the rest of a cursor belongs to the collection of the cursor. */
export function collectionOf(commandName: string, command: Readonly<Record<string, unknown>>): string {
  const name = commandName === 'getMore' ? command.collection : command[commandName];
  return typeof name === 'string' && name !== '' ? name : NO_COLLECTION;
}
