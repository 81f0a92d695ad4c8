import * as fc from 'fast-check';
import { maxDagAndRunIdBytes, maxDagIdBytes, parseDagId, parseRunId, parseTaskId } from '../../core/ids.ts';
import {
  consumerWorkflowId,
  runWorkflowId,
  summary,
  taskActivityType,
  tickWorkflowId,
} from '../../core/workflow-names.ts';

const sales = parseDagId('sales');
const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

describe('the name of a workflow', () => {
  it('says which DAG and run it is', () => {
    const run = parseRunId(sales, 'asset__17');
    expect(consumerWorkflowId(sales)).toBe('dag/sales');
    expect(tickWorkflowId(sales)).toBe('tick/sales');
    expect(runWorkflowId(sales, run, 1)).toBe('dag/sales/run/asset__17');
    expect(runWorkflowId(sales, run, 2)).toBe('dag/sales/run/asset__17/2');
    expect(taskActivityType(sales, parseTaskId('load'))).toBe('sales.load');
  });

  it('fits into what Temporal stores', () => {
    const dag = parseDagId('d'.repeat(maxDagIdBytes));
    const run = parseRunId(dag, 'r'.repeat(maxDagAndRunIdBytes - maxDagIdBytes));
    expect(bytesOf(runWorkflowId(dag, run, 9_999))).toBeLessThanOrEqual(255);
  });
});

describe('a summary', () => {
  it('stays as it is while it is short', () => {
    expect(summary('ü'.repeat(100))).toBe('ü'.repeat(100));
  });

  it('is cut to 200 bytes', () => {
    expect(summary('x'.repeat(201))).toBe(`${'x'.repeat(197)}...`);
  });

  it('is cut between characters', () => {
    expect(summary(`ab${'😀'.repeat(60)}`)).toBe(`ab${'😀'.repeat(48)}...`);
  });

  it('of any text is a beginning of it, as long as fits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300, size: 'max' }), (text) => {
        const short = summary(text);
        expect(bytesOf(short)).toBeLessThanOrEqual(200);
        expect(short === text || (text.startsWith(short.slice(0, -3)) && bytesOf(short) > 200 - 4)).toBe(
          true,
        );
      }),
    );
  });
});
