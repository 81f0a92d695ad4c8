import { type ExplanationNode, toExplanationNode } from '../api/contract/gate.ts';
import { unreachable } from '../core/errors.ts';
import type { Scenario, ScenarioEvent, ScenarioStep } from '../core/scenario.ts';
import { type Simulation, startSimulation } from '../core/simulate.ts';
import type { SimulationResult } from '../core/simulated-run.ts';
import { conditionLines } from './condition-tree.ts';
import type { Cell, Report, Section } from './report.ts';

/** What came of a scenario, with its explanation as the API spells one. */
export interface Simulated extends Omit<SimulationResult, 'explanation'> {
  readonly explanation: Omit<SimulationResult['explanation'], 'tree'> & {
    readonly tree: ExplanationNode | null;
  };
}

export function toSimulated({ explanation, ...result }: SimulationResult): Simulated {
  const { sentence, met, tree } = explanation;
  return { ...result, explanation: { sentence, met, tree: tree === null ? null : toExplanationNode(tree) } };
}

/** For people: what each step of each scenario starts and leaves queued, and what is waited for in the end. */
export function sectionsOf(scenarios: readonly Scenario[]): Report['sections'] {
  return scenarios.flatMap((scenario, index) =>
    play(scenario, scenarios.length === 1 ? undefined : `scenario ${index + 1} of ${scenarios.length}`),
  );
}

const columns = [{ header: 'STEP' }, { header: 'WHAT' }, { header: 'STARTS' }, { header: 'QUEUED' }];

function play(scenario: Scenario, title: string | undefined): readonly Section[] {
  const simulation = startSimulation(scenario);
  const rows = scenario.steps.map((step, index): readonly Cell[] => [
    index,
    textOf(step),
    startedBy(simulation.take(step)),
    simulation.pending().join(', ') || null,
  ]);
  const { runs, otherRuns, explanation } = toSimulated(simulation.result());
  const { sentence, tree } = explanation;
  return [
    { kind: 'table', ...(title === undefined ? {} : { title }), columns, rows, empty: 'no steps' },
    {
      kind: 'facts',
      facts: [
        ['runs', runs.length],
        ['other runs', otherRuns],
        ['in the end', sentence],
      ],
    },
    ...(tree === null ? [] : [{ kind: 'lines', title: 'condition', lines: conditionLines(tree) } as const]),
  ];
}

function startedBy({ runs, otherRuns }: ReturnType<Simulation['take']>): string | null {
  const byEvents = runs.map(({ events }) => `a run of ${events.join(' ')}`);
  const others = otherRuns === 0 ? [] : [otherRuns === 1 ? 'a requested run' : `${otherRuns} requested runs`];
  return [...byEvents, ...others].join(', ') || null;
}

/** A step in words. */
function textOf(step: ScenarioStep): string {
  switch (step.kind) {
    case 'record':
      return step.events.map(eventText).join(' + ');
    case 'finishRun':
      return step.count === 1 ? 'a run ends' : `${step.count} runs end`;
    case 'endRun':
      return `run ${step.nth + 1} ends`;
    case 'manualRun':
      return 'a run is asked for by hand';
    case 'timeTick':
      return 'a run is asked for by time';
    case 'deadline':
      return 'a deadline comes';
    case 'pause':
      return 'pause';
    case 'unpause':
      return 'unpause';
    case 'register':
      return 'the consumer comes into being';
    case 'clear':
      return step.name === null ? 'all is cleared' : `${step.name} is cleared`;
    case 'advance':
      return `the clock goes on to ${new Date(step.to).toISOString()}`;
    default:
      return unreachable(step);
  }
}

function eventText({ asset, via, partition }: ScenarioEvent): string {
  const through = via.length === 0 ? '' : ` via ${via.join(', ')}`;
  return `${asset}${through}${partition === null ? '' : ` of partition ${partition}`}`;
}
