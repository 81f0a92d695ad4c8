import { asset, dag } from 'tidegate';
import { mark } from '../../mark.ts';

const ten = (of: number, from: number) =>
  Array.from({ length: 10 }, (_, index) =>
    dag(`of_${of}_${from + index}`, { schedule: asset(`bench://fan-out/${of}`) }, (d) => {
      d.task('touch', () => mark(`of_${of}`));
    }),
  );

// A DAG is found by its export, so each has a name of its own.
export const [t0, t1, t2, t3, t4, t5, t6, t7, t8, t9] = ten(10, 0);

export const [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9] = ten(100, 0);
export const [b0, b1, b2, b3, b4, b5, b6, b7, b8, b9] = ten(100, 10);
export const [c0, c1, c2, c3, c4, c5, c6, c7, c8, c9] = ten(100, 20);
export const [d0, d1, d2, d3, d4, d5, d6, d7, d8, d9] = ten(100, 30);
export const [e0, e1, e2, e3, e4, e5, e6, e7, e8, e9] = ten(100, 40);
export const [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9] = ten(100, 50);
export const [g0, g1, g2, g3, g4, g5, g6, g7, g8, g9] = ten(100, 60);
export const [h0, h1, h2, h3, h4, h5, h6, h7, h8, h9] = ten(100, 70);
export const [i0, i1, i2, i3, i4, i5, i6, i7, i8, i9] = ten(100, 80);
export const [j0, j1, j2, j3, j4, j5, j6, j7, j8, j9] = ten(100, 90);
