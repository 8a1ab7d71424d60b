/**
 * Names of files and folders that operating systems, file servers and office programs put into folders of their users
 * without being asked. A verifier names them, reads none of them, and judges the bundle as if they were not there. No
 * file of a bundle has such a name, so that none can be hidden behind one.
 */
const FOREIGN: readonly RegExp[] = [
  // macOS: Finder, AppleDouble, icons, indexes, bins and volumes.
  /^\.(DS_Store|localized|apdisk|VolumeIcon\.icns|AppleDouble|AppleDB|AppleDesktop|fseventsd|TemporaryItems|Trashes?)$/i,
  /^\.(Spotlight|DocumentRevisions)-V\d+$/i,
  /^(\._.*|\.com\.apple\.[\w.]+|Icon\r|__MACOSX|Network Trash Folder|Temporary Items)$/i,
  // Windows: thumbnails, folder settings, streams of NTFS copied to other systems, bins and volumes.
  /^(ehthumbs(_vista)?|Thumbs)\.db(:encryptable)?$/i,
  /^(desktop\.ini|IndexerVolumeGuid|WPSettings\.dat|System Volume Information|FOUND\.\d{3})$/i,
  /^(\$RECYCLE\.BIN|RECYCLER|RECYCLED)$/i,
  /^(.*[:\uf03a])?(Zone\.Identifier|SmartScreen|AFP_(AfpInfo|Resource)|com\.dropbox\.attrs)(:\$DATA)?$/i,
  // Linux: desktops, file systems, files that are deleted while they are open.
  /^(\.directory|\.hidden|lost\+found|\.Trash-\d+|\.nfs[0-9a-f]+|\.fuse_hidden[0-9a-f]+|\.smbdelete[0-9a-f]+)$/i,
  // Network storage: Synology, QNAP.
  /^(@eaDir|@SynoResource|#recycle|#snapshot|@Recycle|\.@__thumb|.*@Syno(EAStream|Resource))$/i,
  // Office programs: locks of a document that is open.
  /^(~\$.*|\.~lock\..*#)$/,
];

/** Whether a system or a program puts a file or folder of this name into folders of its own accord. */
export const isForeign = (name: string): boolean => FOREIGN.some((kind) => kind.test(name));
