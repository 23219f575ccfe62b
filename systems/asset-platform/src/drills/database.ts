/** What happens to databases: a migration that goes halfway, a transaction that stays open, an index that is lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DrillStage, EndOfCause } from '@binnacle/system-parts/drill';
import { Client } from 'pg';
import { createAsset, search } from './people.ts';

/** Longer than a search may take, and shorter than what a statement may. */
const LOCKED_MS = 2_000;
const FREE_MS = 300;
const SEARCHES_PER_SECOND = 10;
const CHANGES_PER_SECOND = 4;

async function connect({ databaseUrl }: DrillStage): Promise<Client> {
  const client = new Client({ connectionString: databaseUrl });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** A migration has renamed the table of search, and the code that knows its new name was not rolled out. */
export async function renameDocuments(stage: DrillStage): Promise<EndOfCause> {
  const client = await connect(stage);
  await client.query('ALTER TABLE documents RENAME TO documents_new');
  stage.repeat(SEARCHES_PER_SECOND, () => search(stage, 'fox'));
  // Each is announced to search, which cannot take it.
  stage.repeat(CHANGES_PER_SECOND, () => createAsset(stage, 'announced'));
  return async () => {
    await client.query('ALTER TABLE documents_new RENAME TO documents');
    await client.end();
  };
}

/** Somebody rebuilds the table of search in steps, each of which locks it for two seconds. */
export async function lockDocumentsInSteps(stage: DrillStage): Promise<EndOfCause> {
  const client = await connect(stage);
  stage.repeat(SEARCHES_PER_SECOND, () => search(stage, 'fox'));
  let going = true;
  const locking = (async () => {
    while (going) {
      await client.query('BEGIN; LOCK TABLE documents IN ACCESS EXCLUSIVE MODE');
      await sleep(LOCKED_MS);
      await client.query('COMMIT');
      await sleep(FREE_MS);
    }
  })();
  return async () => {
    going = false;
    await locking;
    await client.end();
  };
}

/** Somebody has locked the table of search in a console and gone to lunch. */
export async function lockDocuments(stage: DrillStage): Promise<EndOfCause> {
  const client = await connect(stage);
  await client.query('BEGIN; LOCK TABLE documents IN ACCESS EXCLUSIVE MODE');
  stage.repeat(SEARCHES_PER_SECOND, () => search(stage, 'fox'));
  return async () => {
    await client.query('COMMIT');
    await client.end();
  };
}

/** The index is emptied, while people go on searching for what they know is there. */
export async function emptyIndex(stage: DrillStage): Promise<EndOfCause> {
  const client = await connect(stage);
  await createAsset(stage, 'lighthouse');
  await stage.until('search finds a new asset', async () => (await search(stage, 'lighthouse')) > 0);
  await client.query('DELETE FROM documents');
  stage.repeat(SEARCHES_PER_SECOND, () => search(stage, 'lighthouse'));
  return async () => {
    await client.end();
    await createAsset(stage, 'lighthouse');
  };
}
