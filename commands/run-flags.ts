import { type Command, Option } from 'commander';
import { CATALOG } from '../benchmarks/catalog.ts';
import { PROFILES } from '../model/assignment.ts';
import { builtinGuides, DEFAULT_GUIDE } from '../reports/guides/builtin.ts';
import { patience, place } from './arguments.ts';

const guides = builtinGuides()
  .map((g) => g.guide.id)
  .join(', ');

/** The options of a run, which `accept` and `plan` share. */
export const withRunOptions = (command: Command): Command =>
  command
    .option('--guide <id|file>', `guide to judge by; built in: ${guides}; by default ${DEFAULT_GUIDE}`)
    .addOption(
      new Option(
        '--profile <profile>',
        'how long to measure; quick unless a guide or claims are given, then standard',
      ).choices([...PROFILES]),
    )
    .option('--claims <file>', 'what the platform is said to have (JSON)')
    .option('--waivers <file>', 'approved waivers (JSON)')
    .option('--registers <folder>', 'folder of CSV registers: clients, ip, domains, investment, period', place)
    .option('--storage <directory>', 'directory on the storage under test; by default inside the output folder', place)
    .option('--python <command...>', 'Python interpreters that have AI frameworks; by default python3')
    .option('--target <id...>', 'only these targets')
    .option('--edge', 'this machine is an edge node')
    .option(
      '--patience <factor>',
      'raise every time limit, for a busy or slow machine: 3 allows three times the time',
      patience,
    )
    .addOption(
      new Option('--benchmark <id...>', 'run these beside what the guide asks for').choices(CATALOG.map((d) => d.id)),
    );
