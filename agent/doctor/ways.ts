import type { Accelerator } from '../../model/inventory.ts';
import type { Text } from '../../model/text.ts';
import { VENDORS, type VendorKey } from '../inventory/vendor.ts';
import type { PartName } from './parts.ts';

/** One way to measure a device: a backend in one form, what it needs, and the targets that it serves there. */
export interface Way {
  readonly backend: 'cublaslt' | 'onednn' | 'openblas' | 'torch' | 'onnxruntime';
  /** The form, where the backend has several on one device: an execution provider. */
  readonly form?: string;
  readonly needs: readonly PartName[];
  readonly targets: readonly string[];
  /** Whether the trial of the compute backends tries it. */
  readonly tried: boolean;
}

/** Rates in each precision, and the challenge that proves them. */
const COMPUTE = ['compute.capacity', 'compute.precisions'];
/** Rates only: nothing there can answer a challenge. */
const RATES = ['compute.precisions'];
const INFERENCE = ['edge.realtime'];

const torch = (...needs: PartName[]): Way => ({ backend: 'torch', needs, targets: COMPUTE, tried: true });
const provider = (form: string, ...needs: PartName[]): Way => ({
  backend: 'onnxruntime',
  form,
  needs: ['onnxruntime', ...needs],
  targets: INFERENCE,
  tried: false,
});

const BY_VENDOR: Readonly<Record<VendorKey, readonly Way[]>> = {
  nvidia: [
    torch('cudaDriver', 'torch', 'torchCuda'),
    { backend: 'cublaslt', needs: ['cudaDriver', 'cublaslt'], targets: RATES, tried: true },
    provider('cuda', 'cudaDriver', 'onnxruntimeCuda'),
    provider('webgpu', 'vulkan', 'vulkanNvidia'),
  ],
  amd: [torch('rocm', 'torch', 'torchRocm'), provider('webgpu', 'vulkan', 'vulkanAmd')],
  intel: [torch('torch', 'torchXpu'), provider('webgpu', 'vulkan', 'vulkanIntel')],
  ascend: [torch('cann', 'torch', 'torchNpu')],
  cambricon: [torch('neuware', 'torch', 'torchMlu')],
  hygon: [torch('dtk', 'torch', 'torchRocm')],
  kunlunxin: [torch('torch')],
  mthreads: [torch('musa', 'torch', 'torchMusa')],
  metax: [torch('maca', 'torch')],
  iluvatar: [torch('corex', 'torch')],
  biren: [],
  enflame: [],
  thead: [torch('ppu', 'torch')],
};

/** Ways to measure the processor itself. */
export const PROCESSOR_WAYS: readonly Way[] = [
  { backend: 'openblas', needs: ['openblas'], targets: COMPUTE, tried: true },
  { backend: 'onednn', needs: ['onednn'], targets: COMPUTE, tried: true },
  { backend: 'onnxruntime', needs: ['onnxruntime'], targets: [...COMPUTE, ...INFERENCE], tried: true },
  torch('torch'),
];

/** Ways to measure a card, best first. Empty where no backend knows its vendor's software. */
export function waysFor(card: Accelerator): readonly Way[] {
  // Gaudi is no XPU to PyTorch but an HPU, which no backend here speaks to.
  if (/^(?:HL-|.*Gaudi)/i.test(card.chip?.value ?? '')) return [];
  const key = (Object.keys(VENDORS) as VendorKey[]).find((name) => VENDORS[name] === card.vendor.value);
  return key ? BY_VENDOR[key] : [];
}

/** Vendors whose PyTorch is a build of their own that no file here tells from another. */
const OWN_BUILDS: readonly string[] = [
  VENDORS.kunlunxin,
  VENDORS.metax,
  VENDORS.iluvatar,
  VENDORS.thead,
  VENDORS.hygon,
];

/** What a person should know of measuring this vendor's cards, beside what is there or missing. */
export function remarkOn(card: Accelerator): Text | undefined {
  if (waysFor(card).length === 0) {
    return {
      zh: '目前没有后端支持该厂商的软件；该卡只列入清单，不能实测',
      en: "no backend speaks to this vendor's software yet: the card is listed and cannot be measured",
    };
  }
  if (!OWN_BUILDS.includes(card.vendor.value)) return undefined;
  return {
    zh: `PyTorch 须为${card.vendor.value}自己的版本`,
    en: `PyTorch must be ${card.vendor.value}'s own build`,
  };
}
