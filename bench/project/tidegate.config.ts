import { defineConfig } from 'tidegate';

// Each bench has DAGs of its own, so that none measures what another one needs.
export default defineConfig({ dags: [`dags/${process.env['TIDEGATE_BENCH'] ?? '*'}.ts`] });
