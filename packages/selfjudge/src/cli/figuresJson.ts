/** Figures as JSON: those that nothing was measured for are absent. */
export const figuresJson = (result: object, indent?: number): string =>
  JSON.stringify(result, (_, value: unknown) => (Number.isNaN(value) ? undefined : value), indent);
