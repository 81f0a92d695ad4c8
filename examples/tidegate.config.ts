import { defineConfig } from 'tidegate';

export default defineConfig({ dags: ['*/dags/**/*.ts'] });
