import {
  ClearedQueuedEventsHeaders,
  ClearQueuedEventsQuery,
  QueuedEvent,
  QueuedEventCollection,
  QueuedEventOfUri,
  QueuedEventOfUriCollection,
  QueuedEventQuery,
} from './contract/queued-events.ts';
import type { Operation } from './operation.ts';

const queue = { tag: 'Queued event', failures: [422] } as const;
const listing = { ...queue, method: 'get', query: QueuedEventQuery } as const;
const one = { ...listing, failures: [404, 422] } as const;
const clearing = {
  ...queue,
  method: 'delete',
  query: ClearQueuedEventsQuery,
  answer: null,
  headers: ClearedQueuedEventsHeaders,
  failures: [404, 422],
} as const;
/** As Airflow 2.9 had it; Airflow 3 lacks it. */
const older = { isOurs: true } as const;

const ofAsset = '/api/v2/assets/:asset_id/queuedEvents';
const ofUri = '/api/v2/assets/queuedEvent/:uri';
const ofDag = '/api/v2/dags/:dag_id/assets/queuedEvents';
const ofDagOlder = '/api/v2/dags/:dag_id/assets/queuedEvent';
const ofBoth = '/api/v2/dags/:dag_id/assets/:asset_id/queuedEvents';
const ofDagAndUri = '/api/v2/dags/:dag_id/assets/queuedEvent/:uri';

/** What is queued between events and runs: listed and cleared by asset, by DAG, or by both; assets go by id, or in the older spelling by URI. */
export const queuedEventOperations: readonly Operation[] = [
  {
    ...{ ...listing, ...older, path: ofUri, answer: QueuedEventOfUriCollection },
    summary: 'What is queued from an asset, by its percent-encoded URI',
  },
  {
    ...{ ...clearing, ...older, path: ofUri },
    summary: 'Clear what is queued from an asset, by its percent-encoded URI',
  },
  {
    ...{ ...listing, path: ofAsset, answer: QueuedEventCollection },
    summary: 'What is queued from an asset, for all its consumers',
  },
  { ...clearing, path: ofAsset, summary: 'Clear what is queued from an asset, for all its consumers' },
  {
    ...{ ...listing, ...older, path: ofDagOlder, answer: QueuedEventOfUriCollection },
    summary: 'What is queued for a DAG, with the URIs of its assets',
  },
  {
    ...{ ...clearing, ...older, path: ofDagOlder },
    summary: 'Clear what is queued for a DAG',
  },
  { ...listing, path: ofDag, answer: QueuedEventCollection, summary: 'What is queued for a DAG' },
  { ...clearing, path: ofDag, summary: 'Clear what is queued for a DAG' },
  {
    ...{ ...one, ...older, path: ofDagAndUri, answer: QueuedEventOfUri },
    summary: 'What is queued for a DAG from an asset, by its percent-encoded URI',
  },
  {
    ...{ ...clearing, ...older, path: ofDagAndUri },
    summary: 'Clear what is queued for a DAG from an asset, by its percent-encoded URI',
  },
  { ...one, path: ofBoth, answer: QueuedEvent, summary: 'What is queued for a DAG from an asset' },
  { ...clearing, path: ofBoth, summary: 'Clear what is queued for a DAG from an asset' },
];
