import picocolors from 'picocolors';
import { reportChecked, reportDeployed } from '../../cli/project-report.ts';
import { render } from '../../cli/render.ts';
import { aProject } from '../support/plans.ts';

const page = { colors: picocolors.createColors(false), width: undefined, now: Date.now };
const warning = { place: 'dags/users.ts:2', message: "asset 'users': it is odd" };
const loaded = { plan: aProject([]), warnings: [warning] };
const nothing = { created: [], changed: [], retired: [], unchanged: [] };

describe.each([
  ['a check', reportChecked(loaded), reportChecked({ ...loaded, warnings: [] })],
  ['a deploy', reportDeployed(loaded, nothing), reportDeployed({ ...loaded, warnings: [] }, nothing)],
])('%s', (_, warned, silent) => {
  it('shows warnings with their place, without failing', () => {
    const table = `\nwarnings\nPLACE            WARNING\n${warning.place}  ${warning.message}\n`;
    expect(render(warned, 'table', page)).toContain(table);
    expect(warned.json).toMatchObject({ warnings: [warning] });
    expect(warned.failure).toBeUndefined();
  });

  it('does not speak of warnings where there are none', () => {
    expect(render(silent, 'table', page)).not.toContain('warnings');
    expect(silent.json).toMatchObject({ warnings: [] });
  });
});
