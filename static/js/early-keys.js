// Keys that are pressed when the desk is to be seen and its modules do not listen yet: kept, and pressed again when
// they do. No module, so that it runs before them. What is pressed before anything is painted is nobody's answer.
{
  const kept = [];
  const painted = () => performance.getEntriesByName("first-contentful-paint").length > 0;

  const keep = (event) => {
    const meant = event.target === document.body && !event.ctrlKey && !event.metaKey && !event.defaultPrevented && !event.repeat;
    if (meant && painted()) kept.push(event);
  };

  addEventListener("keydown", keep);
  addEventListener("desk:listens", () => {
    removeEventListener("keydown", keep);
    for (const event of kept) document.activeElement.dispatchEvent(new KeyboardEvent("keydown", event));
  }, { once: true });
}
