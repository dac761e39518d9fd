const REFERENCES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&#39;',
  '"': '&#34;',
};

/** markupsafe.escape. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>'"]/g, (character) => REFERENCES[character]);
