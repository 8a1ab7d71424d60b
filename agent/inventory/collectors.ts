import { amd } from './amd.ts';
import { ascend } from './ascend.ts';
import { biren } from './biren.ts';
import { cambricon } from './cambricon.ts';
import { enflame } from './enflame.ts';
import { hygon } from './hygon.ts';
import { iluvatar } from './iluvatar.ts';
import { intel } from './intel.ts';
import { kunlunxin } from './kunlunxin.ts';
import { metax } from './metax.ts';
import { mthreads } from './mthreads.ts';
import { nvidia } from './nvidia.ts';
import type { Collector } from './reading.ts';
import { thead } from './thead.ts';

/** Every vendor's collector, in the order they are asked. */
export const collectors: readonly Collector[] = [
  nvidia,
  amd,
  intel,
  ascend,
  cambricon,
  hygon,
  kunlunxin,
  mthreads,
  metax,
  iluvatar,
  biren,
  enflame,
  thead,
];
