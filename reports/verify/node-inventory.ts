import { Inventory } from '../../model/inventory.ts';
import { type Flaw, flaw } from './defect.ts';
import { readJson } from './files.ts';

/** The inventory that a node was admitted with: there, an inventory, and this node's own. */
export function inventoryOf(node: string, bytes: Uint8Array | undefined): Inventory | Flaw {
  if (!bytes) return flaw('inventory_invalid', `the inventory of ${node} is missing`);
  const inventory = readJson(bytes, Inventory);
  if (typeof inventory === 'string') return flaw('inventory_invalid', `the inventory of ${node}: ${inventory}`);
  if (inventory.node === node) return inventory;
  return flaw('inventory_invalid', `the inventory of ${node} is that of ${inventory.node}`);
}
