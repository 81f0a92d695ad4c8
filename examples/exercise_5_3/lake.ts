import { dataLake } from '../data-lake.ts';

/** Where the files of this example are. */
export const weatherFiles = dataLake('weather');
