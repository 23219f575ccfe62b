/** What all that we expose has in common. */

/** The value of the label `system` on everything that this system exposes. */
export const SYSTEM = 'transcripts';
