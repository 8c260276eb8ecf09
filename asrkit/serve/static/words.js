// The words of a text as they are shaded and lit behind the field that it is typed in.

const SURE = 0.85; // words below are shaded

// text -> [{ text, word }]: all of it, in order; word: [text, start, end, confidence], or undefined for blanks and for
// what the server has not yet timed.
export function tokens(text, words) {
  const parts = text.match(/\s+|\S+/gu) || [];
  const spoken = parts.filter((part) => part.trim());
  let head = 0;
  while (head < spoken.length && head < words.length && spoken[head] === words[head][0]) head += 1;
  let tail = 0;
  while (
    tail < Math.min(spoken.length, words.length) - head &&
    spoken[spoken.length - 1 - tail] === words[words.length - 1 - tail][0]
  ) tail += 1;
  let at = -1;
  return parts.map((part) => {
    if (!part.trim()) return { text: part };
    at += 1;
    if (at < head) return { text: part, word: words[at] };
    const fromEnd = spoken.length - at;
    return { text: part, word: fromEnd <= tail ? words[words.length - fromEnd] : undefined };
  });
}

export function draw(behind, found, shaded) {
  behind.replaceChildren(
    ...found.map(({ text, word }) => {
      if (!word) return document.createTextNode(text);
      const span = document.createElement("span");
      span.textContent = text;
      const [, start, end, confidence] = word;
      Object.assign(span, { from: start, to: end });
      if (shaded && confidence !== null && confidence < SURE) {
        span.className = "unsure";
        span.style.setProperty("--doubted", (0.25 + 0.75 * (1 - confidence)).toFixed(2));
      }
      return span;
    }),
    "\u200b", // an empty or ending line has a height, too
  );
}

// The word whose text holds, or touches, the place of the cursor.
export function wordAt(found, place) {
  let at = 0;
  for (const { text, word } of found) {
    at += text.length;
    if (word && place <= at) return place >= at - text.length ? word : undefined;
  }
  return undefined;
}

export function light(behind, seconds) {
  for (const span of behind.children) {
    span.classList.toggle("now", seconds !== undefined && span.from <= seconds && seconds < span.to);
  }
}
