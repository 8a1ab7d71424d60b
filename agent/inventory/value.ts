import { isAbsent } from './quantity.ts';

/**
 * Whether a text may be what its field is for. Which texts are placeholders depends on the field: `0` is a count and no
 * serial number, `0x1002` is an id and no name.
 */

/** What boards, hypervisors and firmware print where nobody entered a value. */
const NOT_FILLED_IN =
  /^(?:to be (?:filled|set)(?: by)?(?: o\.?e\.?m\.?)?|default(?: ?string)?|o\.?e\.?m\.?|other|(?:slot )?(?:empty|unpopulated)|no (?:dimm|module(?: installed)?|asset(?: tag| information)?|serial(?: number)?)|(?:system|chassis|base ?board|board|product|asset|bios|type\d*)[ _-]?(?:serial(?:[ _-]?number)?|manufacturer|product(?:[ _-]?name)?|version|name|sku|asset[ _-]?tag|model)|serial[ _-]?num(?:ber)?|(?:part|asset|model)[ _-]?(?:number|num|tag)|sernum\d*|partnum\d*|manufacturer\d*|0?123456789[0a-f]*|x+|abcdefgh?|unset)\.?$/i;

/** One character again and again (`0`, `00000000-0000-…`, `0xffffffff`) names no single thing. */
function isFiller(text: string): boolean {
  const bare = text.replace(/^0x/i, '').replace(/[\s:.\-_/]/g, '');
  return /^(?:0+|f+|x+|\*+)$/i.test(bare);
}

/** True where the text may be a serial number, UUID or address: something that tells one thing from all others. */
export function isIdentity(text: string): boolean {
  return isFilledIn(text) && !isFiller(text.replace(/^(?:gpu|mig|ppu|uuid)-/i, ''));
}

/** True where the text may be a model, a version or another word that somebody entered. */
function isFilledIn(text: string): boolean {
  return !isAbsent(text) && !NOT_FILLED_IN.test(text.normalize('NFKC').trim());
}

/** An id from a table of ids, printed where a name belongs: `0x1002`, `1002:73df`, `Device 73df`. */
const HEX_ID = /^(?:device\s+)?(?:0x[0-9a-f]+|[0-9a-f]{4}:[0-9a-f]{4})$|^device\s+[0-9a-f]{4}$/i;

/** True where the text may be the name of a chip or a product: words, not an id in hexadecimal. */
export function isName(text: string): boolean {
  return isFilledIn(text) && !HEX_ID.test(text.trim()) && !isFiller(text);
}
