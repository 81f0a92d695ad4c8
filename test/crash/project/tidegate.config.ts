import { defineConfig } from 'tidegate';

export default defineConfig({});
