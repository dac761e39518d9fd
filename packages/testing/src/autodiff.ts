/** A float64 matrix, row-major, with the derivative of what `backward` was given by each of its elements. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
  readonly grad: Float64Array;
}

export function matrix(data: Float64Array, columns: number): Matrix {
  return { rows: data.length / columns, columns, data, grad: new Float64Array(data.length) };
}

/**
 * Reverse-mode differentiation over float64 matrices, in plain loops: what the gradients of packed trees are compared
 * with. It knows products, sums and elementwise functions only, so that norms, softmax and attention are differentiated
 * by the chain rule and not by formulas of their own. Nothing guards exp against overflow: for small values.
 */
export class Autodiff {
  /** Of each operation so far, how its result's gradient goes to its operands'. */
  readonly #back: (() => void)[] = [];

  /** a [n, k] times b [k, m]. */
  times(a: Matrix, b: Matrix): Matrix {
    return this.timesTransposed(a, this.transposed(b));
  }

  /** x [n, k] times the transpose of w [m, k]. */
  timesTransposed(x: Matrix, w: Matrix): Matrix {
    const y = empty(x.rows, w.rows);
    const [k, n] = [x.columns, w.rows];
    const [xs, ws, dx, dw] = [x.data, w.data, x.grad, w.grad];
    for (let r = 0; r < x.rows; r++) {
      for (let c = 0; c < n; c++) {
        let sum = 0;
        for (let i = 0; i < k; i++) sum += xs[r * k + i] * ws[c * k + i];
        y.data[r * n + c] = sum;
      }
    }
    return this.#record(y, () => {
      for (let r = 0; r < x.rows; r++) {
        for (let c = 0; c < n; c++) {
          const dy = y.grad[r * n + c];
          for (let i = 0; i < k; i++) {
            dx[r * k + i] += dy * ws[c * k + i];
            dw[c * k + i] += dy * xs[r * k + i];
          }
        }
      }
    });
  }

  transposed(x: Matrix): Matrix {
    const y = empty(x.columns, x.rows);
    const from = (i: number) => (i % x.rows) * x.columns + Math.floor(i / x.rows);
    for (let i = 0; i < y.data.length; i++) y.data[i] = x.data[from(i)];
    return this.#record(y, () => y.grad.forEach((dy, i) => (x.grad[from(i)] += dy)));
  }

  /** a + b; b is of a's shape, one row for all of a's or one column for all of a's. */
  add(a: Matrix, b: Matrix): Matrix {
    const y = empty(a.rows, a.columns);
    const to = spread(b, a);
    for (let i = 0; i < y.data.length; i++) y.data[i] = a.data[i] + b.data[to(i)];
    return this.#record(y, () =>
      y.grad.forEach((dy, i) => {
        a.grad[i] += dy;
        b.grad[to(i)] += dy;
      }),
    );
  }

  /** Elementwise a b, b as in `add`. */
  multiply(a: Matrix, b: Matrix): Matrix {
    const y = empty(a.rows, a.columns);
    const to = spread(b, a);
    for (let i = 0; i < y.data.length; i++) y.data[i] = a.data[i] * b.data[to(i)];
    return this.#record(y, () =>
      y.grad.forEach((dy, i) => {
        a.grad[i] += dy * b.data[to(i)];
        b.grad[to(i)] += dy * a.data[i];
      }),
    );
  }

  /** f of every element; `slope` is its derivative. */
  map(x: Matrix, f: (x: number) => number, slope: (x: number) => number): Matrix {
    const y = matrix(x.data.map(f), x.columns);
    return this.#record(y, () => y.grad.forEach((dy, i) => (x.grad[i] += dy * slope(x.data[i]))));
  }

  /** The sum of each row: [n, m] to [n, 1]. */
  sumRows(x: Matrix): Matrix {
    const y = empty(x.rows, 1);
    x.data.forEach((value, i) => (y.data[Math.floor(i / x.columns)] += value));
    return this.#record(y, () => x.grad.forEach((_, i) => (x.grad[i] += y.grad[Math.floor(i / x.columns)])));
  }

  /** Rows of x by index, any of them any number of times. */
  gather(x: Matrix, rows: ArrayLike<number>): Matrix {
    const y = empty(rows.length, x.columns);
    const from = (i: number) => rows[Math.floor(i / x.columns)] * x.columns + (i % x.columns);
    for (let i = 0; i < y.data.length; i++) y.data[i] = x.data[from(i)];
    return this.#record(y, () => y.grad.forEach((dy, i) => (x.grad[from(i)] += dy)));
  }

  /** Columns [start, end). */
  columns(x: Matrix, start: number, end: number): Matrix {
    const y = empty(x.rows, end - start);
    const from = (i: number) => Math.floor(i / y.columns) * x.columns + start + (i % y.columns);
    for (let i = 0; i < y.data.length; i++) y.data[i] = x.data[from(i)];
    return this.#record(y, () => y.grad.forEach((dy, i) => (x.grad[from(i)] += dy)));
  }

  /** Matrices of as many rows beside each other. */
  beside(parts: readonly Matrix[]): Matrix {
    const y = empty(
      parts[0].rows,
      parts.reduce((sum, { columns }) => sum + columns, 0),
    );
    let start = 0;
    const places = parts.map((x) => {
      const first = start;
      start += x.columns;
      return (i: number) => Math.floor(i / x.columns) * y.columns + first + (i % x.columns);
    });
    parts.forEach((x, n) => x.data.forEach((value, i) => (y.data[places[n](i)] = value)));
    return this.#record(y, () =>
      parts.forEach((x, n) => x.grad.forEach((_, i) => (x.grad[i] += y.grad[places[n](i)]))),
    );
  }

  /** Adds to every matrix's `grad` the derivative of sum(seed y). Once. */
  backward(y: Matrix, seed: Float64Array): void {
    seed.forEach((dy, i) => (y.grad[i] += dy));
    for (let back = this.#back.pop(); back !== undefined; back = this.#back.pop()) back();
  }

  #record(y: Matrix, back: () => void): Matrix {
    this.#back.push(back);
    return y;
  }
}

function empty(rows: number, columns: number): Matrix {
  return matrix(new Float64Array(rows * columns), columns);
}

/** Where element i of a matrix of `like`'s shape finds its partner in b. */
function spread(b: Matrix, like: Matrix): (i: number) => number {
  if (b.rows === like.rows && b.columns === like.columns) return (i) => i;
  if (b.rows === 1 && b.columns === like.columns) return (i) => i % like.columns;
  if (b.columns === 1 && b.rows === like.rows) return (i) => Math.floor(i / like.columns);
  throw new Error(
    `expected [${like.rows}, ${like.columns}], one row or one column, received [${b.rows}, ${b.columns}]`,
  );
}
