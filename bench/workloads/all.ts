/** The workloads in the order of their numbers. */
import type { Workload } from '../harness/workload.ts';
import { start } from './w01-start.ts';
import { insert } from './w02-insert.ts';
import { load } from './w03-load.ts';
import { point } from './w04-point.ts';
import { update } from './w05-update.ts';
import { analytic } from './w06-analytic.ts';
import { tpch } from './w07-tpch.ts';
import { transfer } from './w08-transfer.ts';
import { files } from './w09-files.ts';
import { roundTrips } from './w10-round-trips.ts';
import { mixed } from './w11-mixed.ts';
import { history } from './w12-history.ts';

export const workloads: readonly Workload[] = [
  start,
  insert,
  load,
  point,
  update,
  analytic,
  ...tpch,
  transfer,
  files,
  roundTrips,
  mixed,
  history,
];
