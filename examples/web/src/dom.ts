/** Return the one element of the page that the selector means. */
export function find<E extends Element = HTMLElement>(selector: string, within: ParentNode = document): E {
  const found = within.querySelector<E>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}

/** Return a copy of what a template holds. */
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

/** Tell the person something, until it is closed or the next thing is told; `action` is what can be done about it. */
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
