// C, R and N press the buttons of the tab in front.
() => document.addEventListener('keydown', (event) => {
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
  const button = document.querySelector({ c: '#confirm', r: '#restore', n: '#next' }[event.key] ?? '#no-key');
  if (button && button.offsetParent) { event.preventDefault(); button.click(); }
})
