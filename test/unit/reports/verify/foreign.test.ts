import { describe, expect, it } from 'vitest';
import { isForeign } from '../../../../reports/verify/foreign.ts';
import { belongs, blobPath, PATHS } from '../../../../reports/verify/layout.ts';

describe('what operating systems add', () => {
  it.each([
    '.DS_Store',
    '._report.html',
    '._.DS_Store',
    '.Spotlight-V100',
    '.fseventsd',
    '.Trashes',
    '.Trash-1000',
    '.TemporaryItems',
    '.DocumentRevisions-V100',
    '.localized',
    '.VolumeIcon.icns',
    '.com.apple.timemachine.donotpresent',
    'Icon\r',
    '__MACOSX',
    'Thumbs.db',
    'thumbs.db',
    'Thumbs.db:encryptable',
    'ehthumbs.db',
    'ehthumbs_vista.db',
    'desktop.ini',
    'Desktop.ini',
    'Zone.Identifier',
    'report.html:Zone.Identifier',
    'report.html:Zone.Identifier:$DATA',
    'report.html\uf03aZone.Identifier',
    'report.html:AFP_AfpInfo',
    '$RECYCLE.BIN',
    'System Volume Information',
    'FOUND.000',
    '.directory',
    'lost+found',
    '.nfs0000000000a1b2c300000001',
    '.fuse_hidden0000000a00000001',
    '@eaDir',
    'report.html@SynoEAStream',
    '@Recycle',
    '#recycle',
    '.@__thumb',
    '~$port.docx',
    '.~lock.goals-2025.docx#',
  ])('is known: %j', (name) => {
    expect(isForeign(name)).toBe(true);
  });

  it('is never called like a file that a bundle has, a register, or what somebody could take for one', () => {
    const own = [
      ...Object.values(PATHS),
      blobPath('ab'.repeat(32)),
      'release/reviewer.dsse.json',
      'release/approver.dsse.json',
      'addenda/001.json',
      'registers/clients.csv',
      'registers/附件/合同 (1).pdf',
    ];
    for (const path of own) {
      expect(belongs(path) || path === PATHS.registers, path).toBe(true);
      for (const part of path.split('/')) expect(isForeign(part), part).toBe(false);
    }
    for (const name of [
      'report.html.bak',
      'trust.json',
      'readme.txt',
      '.report.html',
      'thumbs',
      'x.db',
      'evil.ini',
      '.x',
    ]) {
      expect(isForeign(name), name).toBe(false);
    }
  });
});
