import { addVerbGroup, type Program } from '../verb.ts';
import { addAutoscaleExplain } from './explain.ts';
import { addAutoscaleHistory } from './history.ts';
import { addAutoscalePause, addAutoscaleResume } from './pause.ts';
import { addAutoscaleSimulate } from './simulate.ts';
import { addAutoscaleStatus } from './status.ts';

export function addAutoscale(program: Program): void {
  const group = { name: 'autoscale', summary: 'see, pause and simulate how services scale by themselves' };
  addVerbGroup(program, group, [
    addAutoscaleStatus,
    addAutoscaleExplain,
    addAutoscalePause,
    addAutoscaleResume,
    addAutoscaleHistory,
    addAutoscaleSimulate,
  ]);
}
