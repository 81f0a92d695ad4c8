import { dag } from 'tidegate';
import { processedData, processedFiles } from '../assets.ts';
import { parseTotal, reportOf } from '../orders.ts';

export const consumer = dag(
  'exercise_5_1_consumer',
  {
    schedule: [processedData],
    startDate: '2024-01-01',
    tags: ['exercise', 'module-05', 'assets', 'consumer'],
    description: 'Starts when processed_data is updated, and reports what arrived',
  },
  (d) => {
    const announce = d.task('announce', async ({ events, log }) => {
      log.info('Data is available for processing!');
      // Updates that came while a run was busy are consumed together, so there may be several.
      for await (const { asset, source, recordedAt, extra } of events.of(processedData)) {
        log.info('triggered by', { asset: asset.uri, source, at: new Date(recordedAt).toISOString(), extra });
      }
      const last = await events.of(processedData).last();
      return { updates: await events.of(processedData).count(), rows: last?.extra.rows ?? null };
    });

    d.task('report', { needs: { announce }, inlets: [processedData] }, async ({ needs, log }) => {
      const report = reportOf(await processedFiles.readLines('daily_totals.jsonl', parseTotal));
      for (const { country, orders, revenue } of report.countries) {
        log.info('orders of a country', { country, orders, revenue });
      }
      log.info('report ready', { ...needs.announce, days: report.days.length, revenue: report.revenue });
      return report;
    });
  },
);
