import { serve } from './management.ts';

/** Helper process: T-Head's management library. */
serve('hgml', 'thead', process.argv.slice(2));
