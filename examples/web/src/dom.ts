/** Return the first element that matches the selector. Throws if there is none. */
export function find<E extends Element = HTMLElement>(selector: string, within: ParentNode = document): E {
  const found = within.querySelector<E>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}

/** Return a copy of the content of a template. */
export function copyOf(template: string): DocumentFragment {
  return find<HTMLTemplateElement>(template).content.cloneNode(true) as DocumentFragment;
}

/** Return a new button. */
export function button(label: string, press: () => void): HTMLButtonElement {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = label;
  element.addEventListener("click", press);
  return element;
}

/** Show a message until the user closes it or the next one replaces it. `action` becomes a button in it. */
export function notify(text: string, action?: { label: string; run: () => void }): void {
  const box = document.createElement("div");
  const close = () => box.remove();
  box.append(text, button("Close", close));
  if (action) {
    box.lastElementChild?.before(
      button(action.label, () => {
        close();
        action.run();
      }),
    );
  }
  find("#notice").replaceChildren(box);
}
