/**
 * What brings the alerts about, for `npm run drill -- asset-platform`. Where several services have an alert, one of
 * them stands for all. The causes lie in `drills/`.
 */
import type { Drill, SystemDrills } from '@binnacle/system-parts/drill';
import { emptyIndex, lockDocuments, lockDocumentsInSteps, renameDocuments } from './drills/database.ts';
import {
  convertBroken,
  fillDisk,
  growSteadily,
  loseIncoming,
  noMounts,
  stopHalfway,
} from './drills/files.ts';
import {
  dieAgain,
  exhaustDescriptors,
  hang,
  holdBack,
  noLimits,
  sendWithoutPause,
} from './drills/processes.ts';

const inSearch = { job: 'search-service' } as const;

const renamed = {
  cause: 'A migration has renamed the table of search before the code that knows its new name is there.',
  remedy: 'The table has its name again.',
  breaks: ['search'],
  needs: ['assets', 'processors'],
  begin: renameDocuments,
} as const satisfies Drill;

const lockedInSteps = {
  cause: 'Somebody rebuilds the table of search in steps that lock it for two seconds each.',
  remedy: 'The rebuilding is over.',
  breaks: ['search'],
  begin: lockDocumentsInSteps,
} as const satisfies Drill;

const locked = {
  cause: 'Somebody has locked the table of search in a console, and gone to lunch.',
  remedy: 'The transaction is committed.',
  labels: inSearch,
  breaks: ['search'],
  begin: lockDocuments,
} as const satisfies Drill;

const hangingSearch = {
  cause: 'All processes of the search service hang.',
  remedy: 'They go on.',
  breaks: ['search'],
  begin: (stage) => hang(stage, 'search'),
} as const satisfies Drill;

/** The drills of this system. */
export const drills: SystemDrills = {
  database: true,
  environment: { FILES_SERVICE_MEASURE_SECONDS: '1' },
  // In this order they fill few batches.
  alerts: {
    ServiceAbsent: {
      cause: 'The monitor is set up anew, from a configuration that has forgotten the transcode service.',
      remedy: 'It is in it again.',
      labels: { job: 'transcode-service' },
      breaks: ['*'],
      lingers: true,
      secondsMax: 330,
      async begin(stage) {
        await stage.scrape('transcode', false);
        return () => stage.scrape('transcode', true);
      },
    },

    HttpFailing: { ...renamed, labels: inSearch },
    DatabaseFailing: { ...renamed, labels: inSearch },
    DependencyFailing: { ...renamed, labels: { job: 'assets-service' } },
    SystemDiskNearlyFull: {
      cause: 'Uploads have filled nine tenths of the disk of the files service, a small one mounted for it.',
      remedy: 'The files are deleted, and the disk is gone.',
      breaks: ['files'],
      needs: ['assets'],
      notHere: noMounts,
      begin: fillDisk,
    },

    HttpSlow: { ...lockedInSteps, labels: inSearch },
    DatabaseSlow: { ...lockedInSteps, labels: inSearch },
    RuntimeRestarting: {
      cause: 'The workers of the transcode service die whenever they have just come back.',
      remedy: 'They stay.',
      labels: { job: 'transcode-service' },
      // To start again and again takes time from all.
      breaks: ['transcode', 'processors'],
      factor: 90,
      secondsMax: 150,
      begin: (stage) => dieAgain(stage, 'transcode'),
    },
    UploadsFailing: {
      cause: 'The folder of what comes in is gone, so that no upload can be stored.',
      remedy: 'The folder is there again.',
      breaks: ['files'],
      needs: ['assets'],
      begin: loseIncoming,
    },

    ServiceDown: { ...hangingSearch, labels: inSearch },
    DependencyDown: { ...hangingSearch, labels: { dependency: 'search' } },
    RuntimeFileDescriptorsHigh: {
      cause: 'The transcode service may open few files, and clients leave their connections open.',
      remedy: 'The connections are closed.',
      labels: { job: 'transcode-service' },
      breaks: ['transcode'],
      notHere: noLimits,
      begin: (stage) => exhaustDescriptors(stage, 'transcode'),
    },
    SystemDiskFillingUp: {
      cause:
        'Uploads grow so that a small disk, mounted for the files service, is full in less than a minute.',
      remedy: 'Nothing is uploaded any more, and the disk is gone.',
      breaks: ['files'],
      needs: ['assets'],
      factor: 2_160,
      notHere: noMounts,
      begin: growSteadily,
    },

    DatabaseConnectionsHigh: locked,
    DatabaseWaiting: locked,
    RuntimeEventLoopBusy: {
      cause:
        'A program sends nonsense to the assets service without a pause, so that a worker computes all the time.',
      remedy: 'The program ends.',
      labels: { job: 'assets-service' },
      // One of two workers: the other one answers.
      breaks: ['processors'],
      secondsMax: 150,
      begin: sendWithoutPause,
    },
    TranscodeFailing: {
      cause: 'People want images converted that cannot be read.',
      remedy: 'They give up.',
      breaks: ['transcode'],
      needs: ['assets', 'files'],
      begin: convertBroken,
    },

    UploadsStuck: {
      cause: 'A client sends half of a file, and then nothing more.',
      remedy: 'It goes away.',
      breaks: ['uploads'],
      needs: ['assets', 'files'],
      visitors: false,
      factor: 120,
      begin: stopHalfway,
    },
    SearchFindsNothing: {
      cause: 'The index of search is emptied, while people search for what they know is there.',
      remedy: 'What they search for is published once more.',
      breaks: ['search'],
      needs: ['assets'],
      visitors: false,
      factor: 120,
      begin: emptyIndex,
    },
    RuntimeEventLoopBlocked: {
      cause: 'A worker of the transcode service is held for 0.7 s, again and again, as on a crowded machine.',
      remedy: 'It is given time.',
      labels: { job: 'transcode-service' },
      breaks: ['transcode'],
      visitors: false,
      secondsMax: 150,
      begin: (stage) => holdBack(stage, 'transcode'),
    },
  },
  exceptions: {
    RuntimeGarbageCollecting:
      'A heap that is nearly full collects or dies, as it happens; no load keeps a process in between for sure.',
    SystemMemoryHigh:
      'Filling nine tenths of the memory of a machine ends programs that have nothing to do with it.',
    SystemCpuBusy: 'It takes all processors of the machine, and whoever works on it meanwhile.',
    SystemThrottled:
      'It takes a quota of processor time, which only who made the container or the machine can set.',
  },
};
