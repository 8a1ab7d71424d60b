import { serve } from './management.ts';

/** Helper process: Iluvatar's management library, which has NVIDIA's interface. */
serve('ixml', 'iluvatar', process.argv.slice(2));
