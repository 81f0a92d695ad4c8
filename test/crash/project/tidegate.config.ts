import { defineConfig } from 'tidegate';

export default defineConfig({ pools: { narrow: { slots: 2 } } });
