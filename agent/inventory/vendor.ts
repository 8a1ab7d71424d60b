/** Accelerator vendors that the inventory knows, in the order their tools are asked. */
export const VENDORS = {
  nvidia: 'NVIDIA',
  amd: 'AMD',
  intel: 'Intel',
  ascend: 'Huawei Ascend',
  cambricon: 'Cambricon',
  hygon: 'Hygon',
  kunlunxin: 'Kunlunxin',
  mthreads: 'Moore Threads',
  metax: 'MetaX',
  iluvatar: 'Iluvatar CoreX',
  biren: 'Biren',
  enflame: 'Enflame',
  thead: 'T-Head',
} as const;

export type VendorKey = keyof typeof VENDORS;

/** Name of a vendor as reports and the chips table write it. */
export function vendorName(key: VendorKey): string {
  return VENDORS[key];
}
