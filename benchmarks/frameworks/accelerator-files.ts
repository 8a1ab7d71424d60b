import { readdir } from 'node:fs/promises';

/** Device files that drivers of accelerators make, one for each device. */
const DEVICES = /^(nvidia\d+|davinci\d+|kfd|cambricon_dev\d+|mtgpu\.\d+|mxcd|xpu\d+|iluvatar\d+|gcu\d+|accel\d+)$/;

/** Those, the files by which a driver is reached, and render nodes: a process that computes has one open. */
const IN_USE =
  /^\/dev\/((nvidia|davinci|cambricon|mtgpu|mxcd|mxgpu|xpu|iluvatar|gcu|accel)[\w.-]*|kfd|devmm_svm|hisi_hdc|(accel\/|dri\/renderD)[\w.-]+)$/;

/** Device files of accelerators on this node. */
export async function acceleratorFiles(): Promise<string[]> {
  const names = await readdir('/dev').catch(() => []);
  return names.filter((name) => DEVICES.test(name)).sort();
}

/** Whether a path that a process has open is of an accelerator. */
export function isAcceleratorFile(path: string): boolean {
  return IN_USE.test(path);
}
