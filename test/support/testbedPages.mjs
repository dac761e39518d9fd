// Prints, as JSON, what the committed rows of the testbed say: its page as Markdown and as HTML.
import { markdown } from '../../testbed/blocks.mjs';
import { htmlPage } from '../../testbed/page.mjs';
import { testbedSections } from '../../testbed/testbed.mjs';

const { title, sections } = testbedSections();
process.stdout.write(
  JSON.stringify({ markdown: markdown(title, sections), html: htmlPage(title, sections) }),
);
