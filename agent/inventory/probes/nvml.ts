import { serve } from './management.ts';

/** Helper process: NVIDIA's management library. */
serve('nvml', 'nvidia', process.argv.slice(2));
