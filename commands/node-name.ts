import { hostname } from 'node:os';

/** A node is called what its host is called, in the letters that names may have. */
export const nodeName = (): string => hostname().replace(/[^A-Za-z0-9._-]/g, '-') || 'node';
