/** The workloads in the order of their numbers. */
import type { Workload } from '../harness/workload.ts';
import { start } from './w01-start.ts';
import { insert } from './w02-insert.ts';
import { load } from './w03-load.ts';
import { point } from './w04-point.ts';
import { update } from './w05-update.ts';
import { analytic } from './w06-analytic.ts';

export const workloads: readonly Workload[] = [start, insert, load, point, update, analytic];
