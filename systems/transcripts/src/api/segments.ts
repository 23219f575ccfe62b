/** What was said, in the database: read as a transcript, and searched by its words. */
import type { Pool } from 'pg';

/** A segment of a transcript. */
export interface Said {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly speaker: number;
  readonly text: string;
}

/** A segment that was found. */
export interface Found extends Said {
  readonly videoId: string;
  readonly jobId: string;
  /** The text, with what was looked for between `**`. */
  readonly highlight: string;
}

/** The transcript of a video, in the order in which it was said. */
export async function transcriptOf(pool: Pool, videoId: string): Promise<Said[]> {
  const { rows } = await pool.query<Said>(
    `SELECT start_seconds AS "startSeconds", end_seconds AS "endSeconds", speaker, text
     FROM segments WHERE video_id = $1 ORDER BY position`,
    [videoId],
  );
  return rows;
}

/**
 * Finds segments by their words, in any of their forms, the best first.
 * @param text as one writes to a search engine: `market "good morning" -home`
 */
export async function searchSegments(pool: Pool, text: string, limit: number): Promise<Found[]> {
  const { rows } = await pool.query<Found>(
    `SELECT video_id AS "videoId", job_id AS "jobId", start_seconds AS "startSeconds",
       end_seconds AS "endSeconds", speaker, text,
       ts_headline('english', text, query, 'StartSel=**, StopSel=**') AS highlight
     FROM websearch_to_tsquery('english', $1) AS query, segments JOIN videos ON videos.id = segments.video_id
     WHERE words @@ query ORDER BY ts_rank(words, query) DESC, segments.video_id, segments.position LIMIT $2`,
    [text, limit],
  );
  return rows;
}
