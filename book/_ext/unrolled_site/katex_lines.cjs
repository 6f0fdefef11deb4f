// KaTeX as a filter: a line {"latex", "options"} in, a line {"html"} or {"error"} out.
// Started by katex_prerender.py with the path of katex.min.js; ends when its input does.
const katex = require(process.argv[2]);

const lines = require("node:readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { latex, options } = JSON.parse(line);
  let answer;
  try {
    answer = { html: katex.renderToString(latex, options) };
  } catch (error) {
    answer = { error: String(error.message) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
});
