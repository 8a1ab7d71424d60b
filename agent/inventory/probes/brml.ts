import { serve } from './management.ts';

/** Helper process: Biren's management library. */
serve('brml', 'biren', process.argv.slice(2));
