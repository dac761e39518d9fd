/** Text as HTML shows it: nothing in it is markup. */
export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (sign) => `&#${sign.codePointAt(0)};`);

/** Data for a script of the page, as JSON that no text in it can end. */
export const dataFor = (id: string, value: unknown): string =>
  `<script type="application/json" id="${id}">${JSON.stringify(value).replaceAll('<', '\\u003c')}</script>`;

/** A part of the page under its heading. @param html what stands in it, as HTML */
export const section = (id: string, title: string, html: string): string =>
  `<section id="${id}"><h2>${escaped(title)}</h2>\n${html}\n</section>`;

/** Names and values, as they are. */
export function facts(rows: readonly (readonly [name: string, value: unknown])[]): string {
  const lines = rows.map(
    ([name, value]) => `<tr><th scope="row">${escaped(name)}</th><td>${escaped(shown(value))}</td></tr>`,
  );
  return `<div class="scroll"><table class="facts">${lines.join('')}</table></div>`;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A table whose first column names its rows. */
export function grid(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((text) => `<th scope="col">${escaped(text)}</th>`).join('');
  const lines = rows.map(
    ([name, ...cells]) =>
      `<tr><th scope="row">${escaped(name)}</th>${cells.map((text) => `<td>${escaped(text)}</td>`).join('')}</tr>`,
  );
  return `<div class="scroll"><table class="groups"><thead><tr>${head}</tr></thead><tbody>${lines.join('')}</tbody></table></div>`;
}

/** A page that asks for nothing from anywhere: what it needs is in it. @param body as HTML; scripts in it run only where `scripted` */
export const htmlDocument = (
  title: string,
  style: string,
  body: string,
  scripted = false,
): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; ${scripted ? "script-src 'unsafe-inline'; " : ''}img-src data:">
<link rel="icon" href="data:,">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`;
